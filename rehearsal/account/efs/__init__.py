"""Amazon EFS: what the service refuses, keeps and asks of IAM, and moto does not.

`stack_file_systems` is the file system as a stack has it; the other modules are the service, whoever calls.
"""
