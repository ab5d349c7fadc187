"""The emulated AWS account of a rehearsal: moto as a server in its own process, and what moto lacks.

One module per thing that is added: `cloudformation` (the order of operations, events, failures),
`custom_resources` (CDK's handler run for real), `stack_secrets` (secrets that a stack makes),
`lambda_functions` (layers), `proxy` (programs whose SDK cannot be given an endpoint, and chart repositories),
`seed` (the VPC and cluster that already exist).

EFS by `file_systems` (what a stack makes) and `efs_*` (what the service refuses and keeps), keys by
`kms_keys`, AWS Backup by `backups`. What is made to go wrong: `api_faults`, `function_faults`. What nobody
emulates is refused: `not_rehearsed` (in a template), `call_refusals` (a call).

Who may do what: `access_entries` and `eks_access_api` (who may reach the cluster), `eks_updates` (whether it
asks for that), `cluster_tokens` and `cluster_identity` (who the bearer of an AWS token is there),
`web_identity` (roles for service accounts), `pod_identity`, `eks_pod_identity_api` and `pod_identity_agent`
(the same by EKS Pod Identity), `efs_authorization` and `policies` (what such a role may do). How the driver
may come into the cluster besides by its chart: `addons`, `eks_addon_api` and `addon_objects`.
"""
