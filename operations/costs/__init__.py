"""`airflow-efs cost`: what an environment costs in a month, from dated prices, and what would be cheaper."""
