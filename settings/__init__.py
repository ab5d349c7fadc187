"""The typed, validated description of one environment, read from `environments/NAME.yaml`."""

from settings.environment import Environment
from settings.faults import SettingsError
from settings.loading import available_environments, load_environment

__all__ = ["Environment", "SettingsError", "available_environments", "load_environment"]
