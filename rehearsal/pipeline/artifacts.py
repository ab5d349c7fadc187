"""The artefacts of one release, in the buckets of the pipeline: one for each region that it acts in."""

from dataclasses import dataclass
from typing import Any

from rehearsal.pipeline.definition import Definition
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError


@dataclass(frozen=True)
class _Store:
    bucket: str
    key: str | None
    """The ARN of the KMS key, where the bucket has one."""


class Artifacts:
    """What actions have handed on so far.

    Args:
        definition: the pipeline, for its buckets and keys.
        region: the pipeline's region.
        execution_id: the release's.
        s3: a client that may do everything: who may what is asked of `roles`.
        roles: decides who may read and write.
    """

    def __init__(
        self, definition: Definition, *, region: str, execution_id: str, s3: Any, roles: Roles
    ) -> None:
        self._definition = definition
        self._region = region
        self._prefix = f"{definition.name[:20]}/{execution_id}"
        self._s3 = s3
        self._roles = roles
        self._stores: dict[str, _Store] = {}
        self._there: set[tuple[str, str]] = set()

    def put(self, name: str, content: bytes, session: Session) -> None:
        """Hand an artefact on, with the rights of a role.

        Raises:
            StepFailedError: the role may not write it.
        """
        self._write(name, content, session, self._region)

    def get(self, name: str, session: Session, *, region: str | None = None) -> bytes:
        """An artefact, read with the rights of a role.

        Args:
            name: the artefact's.
            session: the role.
            region: where the action is that reads it. Default: the pipeline's.

        Raises:
            StepFailedError: no action before has handed it on, or the role may not read it.
        """
        region = region or self._region
        store = self._store(region)
        self._roles.require(session, "s3:GetObject", self._arn(store, name))
        if store.key:
            self._roles.require(session, "kms:Decrypt", store.key)
        if (region, name) not in self._there:
            raise StepFailedError(f"the artefact {name} is handed on by no action before")
        content: bytes = self._s3.get_object(Bucket=store.bucket, Key=self._object(name))["Body"].read()
        return content

    def copy(self, name: str, pipeline: Session, *, region: str) -> None:
        """Copy an artefact to the bucket of another region, as CodePipeline does before an action there.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-create-cross-region.html

        Args:
            name: the artefact's.
            pipeline: the role of the pipeline.
            region: the region of the action.

        Raises:
            StepFailedError: the role may not, or the pipeline has no bucket there.
        """
        if (region, name) not in self._there:
            self._write(name, self.get(name, pipeline), pipeline, region)

    def _write(self, name: str, content: bytes, session: Session, region: str) -> None:
        store = self._store(region)
        self._roles.require(session, "s3:PutObject", self._arn(store, name))
        if store.key:
            self._roles.require(session, "kms:GenerateDataKey", store.key)
        self._s3.put_object(Bucket=store.bucket, Key=self._object(name), Body=content)
        self._there.add((region, name))

    def _store(self, region: str) -> _Store:
        if region not in self._definition.buckets:
            raise StepFailedError(f"the pipeline has no bucket for artefacts in {region}")
        if region not in self._stores:
            key = self._definition.keys.get(region)
            bucket = self._definition.buckets[region]
            self._stores[region] = _Store(bucket, self._roles.guarded.key_arn(key) if key else None)
        return self._stores[region]

    def _object(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def _arn(self, store: _Store, name: str) -> str:
        return f"arn:aws:s3:::{store.bucket}/{self._object(name)}"
