"""Where a pipeline takes this project from."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from settings.aws import BucketName, KmsKeyArn
from settings.faults import Fault, FaultsError
from settings.section import Form, Section

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "connection_arn": ("repository", "branch"),
    "codecommit": ("branch",),
    "bucket": ("key", "encryption_key"),
}
"""The field that chooses a kind of source, and the others that the kind may have."""

_NEEDED: Final[Mapping[str, str]] = {"connection_arn": "repository", "bucket": "key"}


class Source(Section):
    """Where the pipeline takes this project from; exactly one of connection_arn, codecommit and bucket."""

    connection_arn: (
        Annotated[
            str,
            Form(
                r"arn:aws[a-z-]*:(?:codeconnections|codestar-connections):[a-z0-9-]+:[0-9]{12}:"
                r"connection/[0-9A-Za-z-]+",
                "is not the ARN of a connection",
                "write arn:aws:codeconnections:REGION:ACCOUNT:connection/ID",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="ARN of the AWS CodeConnections connection to the repository's host.",
        examples=[
            "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
        ],
    )
    repository: (
        Annotated[
            str, Form(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)+", "is not a repository", "write OWNER/NAME")
        ]
        | None
    ) = Field(
        default=None,
        description="Repository of the connection, as owner/name.",
        examples=["example/airflow-efs-cdk"],
    )
    codecommit: (
        Annotated[
            str,
            Form(
                r"[A-Za-z0-9._-]+",
                "is not the name of a repository in CodeCommit",
                "use letters, digits and ._-",
                max_length=100,
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Name of a repository in AWS CodeCommit, in the pipeline's account and region.",
        examples=["airflow-efs-cdk"],
    )
    branch: Annotated[
        str,
        Form(
            r"[A-Za-z0-9._/-]+", "is not the name of a branch", "use letters, digits and ._/-", max_length=255
        ),
    ] = Field(default="main", description="Branch that the pipeline deploys; not with a bucket.")
    bucket: BucketName | None = Field(
        default=None,
        description="Bucket, versioned, that holds this project as a zip, in the pipeline's region.",
        examples=["example-releases"],
    )
    key: (
        Annotated[
            str,
            Form(
                r"[A-Za-z0-9._/-]*[A-Za-z0-9._-]\.zip",
                "is not the key of a zip",
                "use letters, digits and ._/-, and end with .zip",
                max_length=1024,
            ),
        ]
        | None
    ) = Field(default=None, description="Key of the zip in the bucket.", examples=["airflow-efs-cdk.zip"])
    encryption_key: KmsKeyArn | None = Field(
        default=None,
        description="ARN of the KMS key that encrypts the zip; null: keys of S3's own.",
    )

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        chosen = [name for name in _FIELDS if getattr(self, name) is not None]
        if not chosen:
            yield Fault(
                "names no source",
                "write connection_arn and repository, or codecommit, or bucket and key",
                subject="",
            )
        elif len(chosen) > 1:
            yield Fault(f"names {' and '.join(chosen)}", "keep one of them", subject="")
        else:
            yield from self._faults_of_kind(chosen[0])

    def _faults_of_kind(self, kind: str) -> Iterator[Fault]:
        needed = _NEEDED.get(kind)
        if needed and getattr(self, needed) is None:
            (example,) = type(self).model_fields[needed].examples or ("",)
            yield Fault("is missing", f'write it, such as "{example}"', (needed,), subject="")
        for name in sorted(self.model_fields_set - {kind, *_FIELDS[kind]}):
            if name not in _FIELDS and getattr(self, name) is not None:
                yield Fault(f"has no meaning with {kind}", "remove it", (name,))
