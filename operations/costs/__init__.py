"""`airflow-efs cost`: what an environment costs in a month, from dated prices, and which throughput mode wins."""
