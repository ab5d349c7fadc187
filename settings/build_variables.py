"""Environment variables of the builds of a pipeline: those that anybody may read, and secrets."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator

from settings.faults import Fault, FaultsError

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"

_NAMES_A_SECRET: Final = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|_AUTH$|ACCESS_KEY", re.IGNORECASE
)

_HAS_CREDENTIALS: Final = re.compile(r"://[^/?#\s]*@")
"""The user part of a URL."""

_ARN_OF_ONE: Final = (
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"
    r"(?::[A-Za-z0-9_.-]+)?"
)
"""A secret's whole ARN; after it, where the secret is JSON, the key in it."""

_TAKEN: Final = {"HOME", "PATH"}
"""What the image sets, and a build cannot do without."""


def _name_faults(name: str) -> Iterator[Fault]:
    subject = f'key "{name}"'
    if re.fullmatch(_NAME, name) is None:
        yield Fault(
            "is not a name for a variable",
            "use letters, digits and _, and begin with no digit",
            (name,),
            subject,
        )
    elif name.startswith("CODEBUILD_") or name in _TAKEN:
        yield Fault("is a variable that CodeBuild sets", "choose another name", (name,), subject)


def _variable_faults(variables: Mapping[str, str]) -> Iterator[Fault]:
    for name, value in variables.items():
        yield from _name_faults(name)
        # No fault here shows the value: it would be in the log of a build.
        subject = f'key "{name}"'
        if _NAMES_A_SECRET.search(name):
            yield Fault(
                "names a secret, and whoever reads the file or the project sees it",
                "keep it in AWS Secrets Manager, and write its ARN in secret_variables",
                (name,),
                subject,
            )
        elif _HAS_CREDENTIALS.search(value):
            yield Fault(
                "has credentials in its URL, and whoever reads the file or the project sees them",
                "keep the URL in AWS Secrets Manager, and write its ARN in secret_variables",
                (name,),
                subject,
            )
        elif not value:
            yield Fault("is empty", "write a value, or remove it", (name,), subject)


def _secret_faults(variables: Mapping[str, str]) -> Iterator[Fault]:
    for name, value in variables.items():
        yield from _name_faults(name)
        if re.fullmatch(_ARN_OF_ONE, value) is None:
            yield Fault(
                "is not the whole ARN of a secret",
                "write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-6LETTERS, and :KEY where it is JSON",
                (name,),
                # Somebody may have written the secret itself.
                f'key "{name}"',
            )


def _check_variables(variables: Mapping[str, str]) -> Mapping[str, str]:
    FaultsError.raise_if_any(_variable_faults(variables))
    return variables


def _check_secrets(variables: Mapping[str, str]) -> Mapping[str, str]:
    FaultsError.raise_if_any(_secret_faults(variables))
    return variables


BuildVariables = Annotated[Mapping[str, str], AfterValidator(_check_variables)]
"""Name -> value. What looks like a secret is refused."""

SecretVariables = Annotated[Mapping[str, str], AfterValidator(_check_secrets)]
"""Name -> ARN of a secret in AWS Secrets Manager, with `:KEY` where one value of its JSON is meant."""
