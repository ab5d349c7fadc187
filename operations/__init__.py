"""The `airflow-efs` command line: what an engineer does around a deployment."""
