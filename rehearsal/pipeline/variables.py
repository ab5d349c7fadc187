"""The variables of a release: what actions export, and who refers to them."""

import re
from collections.abc import Mapping

from rehearsal.pipeline.step_failed import StepFailedError

_REFERENCE = re.compile(r"#\{([^}]+)\.([A-Za-z0-9_]+)\}")


class Variables:
    """What the actions of one release have exported so far."""

    def __init__(self, execution_id: str) -> None:
        self._values = {("codepipeline", "PipelineExecutionId"): execution_id}

    def add(self, namespace: str, exported: Mapping[str, str]) -> None:
        """Note what an action with a namespace has exported."""
        self._values |= {(namespace, name): value for name, value in exported.items()}

    def resolve(self, text: str) -> str:
        """A text with each `#{namespace.NAME}` replaced.

        Raises:
            StepFailedError: no action before has exported one.
        """

        def value(found: re.Match[str]) -> str:
            key = (found[1], found[2])
            if key not in self._values:
                raise StepFailedError(f"the variable {found[0]} is exported by no action before")
            return self._values[key]

        return _REFERENCE.sub(value, text)
