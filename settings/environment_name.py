"""What an environment may be called: the names of Helm releases and of Kubernetes objects begin with it."""

import re
from typing import Final

ENVIRONMENT_NAME: Final = r"[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?(?<!-accepted)(?<!-volumes)(?<!-claims)"
"""The regular expression.

`airflow-efs-NAME-accepted`, `-volumes` and `-claims` are names of ConfigMaps of environment NAME, so that no
environment of the same cluster may be called `NAME-accepted`, and so on.
"""

ENVIRONMENT_NAME_CURE: Final = (
    "use at most 40 lower-case letters, digits and -, beginning with a letter and ending with a letter or a "
    "digit, but not with -accepted, -volumes or -claims"
)


def is_environment_name(text: str) -> bool:
    """Whether an environment may be called so."""
    return re.fullmatch(ENVIRONMENT_NAME, text) is not None
