"""`airflow-efs discover`: reads a cluster and what is around it, and writes the environment that fits it.

Read-only: nothing in the account or in the cluster is changed. What cannot be seen is said, not guessed.
"""
