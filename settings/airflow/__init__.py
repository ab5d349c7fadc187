"""The section `airflow` of an environment, and the values of the chart that it leads to."""

from settings.airflow.airflow import Airflow

__all__ = ["Airflow"]
