"""CloudFormation: its calls, the operations on a stack, and what a template may say.

From the call to the resource: `stack_calls` and `change_sets` (what the CDK CLI calls), `stack_operations`
(create, update, delete and the way back), `stack_resources` (each resource in its turn, in `concurrency`),
`stack_events` (what is told of it). `custom_resources` runs CDK's handler for real. Templates: `template_*`
and `resource_schema` (what is valid), `replacement` and `planned_changes` (what a change does),
`not_rehearsed` (what is refused here).
"""
