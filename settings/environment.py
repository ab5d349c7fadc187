"""One environment, all of whose parts fit each other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import model_validator

from settings.environment_checks import environment_faults
from settings.environment_fields import EnvironmentFields
from settings.faults import FaultsError


class Environment(EnvironmentFields):
    """Everything that the stacks need to know about one cluster."""

    @classmethod
    def named(cls, name: str, fields: Mapping[str, object], directory: Path = Path()) -> Self:
        """Validate the fields of a file and give the environment its name, and the folder of its file.

        Raises:
            pydantic.ValidationError: a field is wrong; `load_environment` says so in plain words.
        """
        environment = cls.model_validate(fields)
        environment._name = name
        environment._directory = directory
        return environment

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(environment_faults(self))
        return self
