"""Where Airflow finds its DAGs."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from settings.faults import Fault, FaultsError
from settings.kubernetes import ObjectName
from settings.section import Between, Form, Section


class GitDags(Section):
    """DAGs from a Git repository."""

    repository: Annotated[
        str,
        Form(
            r"https://[^\s@]+|(?:ssh://)?git@[^\s]+",
            "is not a repository that can be cloned, or holds a password",
            "write https://HOST/PATH.git, without user and password, or git@HOST:PATH.git",
        ),
    ] = Field(description="URL of the repository.", examples=["https://git.example.com/data/dags.git"])
    ref: Annotated[
        str, Form(r"[A-Za-z0-9._/-]+", "is not a branch, tag or commit", "use letters, digits and ._/-")
    ] = Field(default="main", description="Branch, tag or commit.")
    sub_path: Annotated[
        str,
        Form(
            r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)?",
            "is not a path below the repository",
            "write a relative path, such as dags",
        ),
    ] = Field(default="", description="Folder of the DAGs in it; empty: the top.")
    by: Literal["bundle", "git-sync"] = Field(
        default="bundle",
        description="bundle: Airflow clones it itself and knows the version of each run; "
        "git-sync: a container beside each component does.",
    )
    seconds: Annotated[int, Between(5, 86400)] = Field(
        default=60, description="Seconds between two looks at the repository."
    )
    secret: ObjectName | None = Field(
        default=None,
        description="Secret that lets one in; for bundle its key connection is an Airflow connection of type "
        "git, for git-sync its keys are GITSYNC_USERNAME and GITSYNC_PASSWORD, or gitSshKey. null: public.",
    )


class Dags(Section):
    """Where the DAGs are: in the image, in a Git repository, or on a volume."""

    git: GitDags | None = Field(default=None, description="A Git repository; null: none.")
    claim: ObjectName | None = Field(
        default=None,
        description="Claim in airflow.namespace with the DAGs, ReadWriteMany, such as a volume of the file "
        "system; null: none.",
    )

    @model_validator(mode="after")
    def _are_in_one_place(self) -> Self:
        if self.git is not None and self.claim is not None:
            raise FaultsError([Fault("are in two places, git and claim", "keep one of the two", subject="")])
        return self
