"""`airflow-efs doctor`: what is, or would be, wrong with an environment in its account and cluster.

`registry` holds the checks, one function each, in modules by topic; `installation` what they look at, read
once; `examination` makes them and reports.
"""
