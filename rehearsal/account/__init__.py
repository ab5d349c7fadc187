"""The emulated AWS account of a rehearsal: moto as a server in its own process, and what moto lacks.

A package for each service of which there is much: `cloudformation`, `efs`, `eks`, `iam` (and STS),
`functions` (Lambda). A module for each of which there is little, named after what a stack makes:
`kms_keys`, `backups`, `stack_secrets`, `security_group_rules`, `bucket_policies`, `log_groups`,
`code_pipelines`, `code_build_projects`.

What exists before a deployment: `seed` and `existing_storage`. Who may call, and what a call that may not
go on is answered: `admission`, `call_refusals`, `call_options`, `service_errors`. What is made to go wrong:
`api_faults`. How programs get here that cannot be told an endpoint: `proxy`, `oci_registry`,
`task_metadata`.
"""
