"""The artefacts of one release, in the bucket of the pipeline."""

from typing import Any

from rehearsal.pipeline.definition import Definition
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError


class Artifacts:
    """What actions have handed on so far.

    Args:
        definition: the pipeline, for its bucket and key.
        region: the pipeline's region.
        execution_id: the release's.
        s3: a client that may do everything: who may what is asked of `roles`.
        roles: decides who may read and write.
    """

    def __init__(
        self, definition: Definition, *, region: str, execution_id: str, s3: Any, roles: Roles
    ) -> None:
        self._bucket = definition.buckets[region]
        self._key = definition.keys.get(region)
        self._prefix = f"{definition.name[:20]}/{execution_id}"
        self._s3 = s3
        self._roles = roles
        self._there: set[str] = set()

    def put(self, name: str, content: bytes, session: Session) -> None:
        """Hand an artefact on, with the rights of a role.

        Raises:
            StepFailedError: the role may not write it.
        """
        self._roles.require(session, "s3:PutObject", self._arn(name))
        if self._key:
            self._roles.require(session, "kms:GenerateDataKey", self._key)
        self._s3.put_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}", Body=content)
        self._there.add(name)

    def get(self, name: str, session: Session) -> bytes:
        """An artefact, read with the rights of a role.

        Raises:
            StepFailedError: no action before has handed it on, or the role may not read it.
        """
        self._roles.require(session, "s3:GetObject", self._arn(name))
        if self._key:
            self._roles.require(session, "kms:Decrypt", self._key)
        return self.read(name)

    def read(self, name: str) -> bytes:
        """An artefact, read with rights that are not asked for here.

        Raises:
            StepFailedError: no action before has handed it on.
        """
        if name not in self._there:
            raise StepFailedError(f"the artefact {name} is handed on by no action before")
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=f"{self._prefix}/{name}")["Body"].read()
        return content

    def _arn(self, name: str) -> str:
        return f"arn:aws:s3:::{self._bucket}/{self._prefix}/{name}"
