"""The cache of a build in S3: what the last build kept, and what this one keeps for the next."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rehearsal.pipeline.archive import pack, unpack
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError

_HOME, _EVERYTHING = "/root/", "/**/*"


class BuildCache:
    """The cache of one project.

    CodeBuild goes on where it may not read or write a cache, and says so in the log. Here that fails the
    build: nobody would notice a cache that never holds anything.

    Args:
        project: as the API describes it.
        paths: what the buildspec caches; folders in the home of the image's user, root.
        session: the role of the build.
        s3: a client that may do everything.
        roles: decides what the role may.

    Raises:
        StepFailedError: the project or the buildspec wants a cache that is not rehearsed.
    """

    def __init__(
        self, project: Mapping[str, Any], paths: Sequence[str], *, session: Session, s3: Any, roles: Roles
    ) -> None:
        cache = project.get("cache") or {}
        kind = cache.get("type", "NO_CACHE")
        if kind not in ("NO_CACHE", "S3"):
            raise StepFailedError(f"not rehearsed: a cache of type {kind}")
        self._folders = [self._folder(path) for path in paths] if kind == "S3" else []
        self._bucket, _, self._prefix = cache.get("location", "").partition("/")
        self._key = project.get("encryptionKey")
        self._session = session
        self._s3 = s3
        self._roles = roles

    def restore(self, home: Path) -> None:
        """Lay what was kept into the home of a build that begins.

        Raises:
            StepFailedError: the role may not read it.
        """
        for index, folder in enumerate(self._folders):
            self._require("s3:GetObject", "kms:Decrypt", index)
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=self._object(index))
            if listed["KeyCount"]:
                kept = self._s3.get_object(Bucket=self._bucket, Key=self._object(index))["Body"].read()
                (home / folder).mkdir(parents=True)
                unpack(kept, home / folder)

    def keep(self, home: Path) -> None:
        """Keep what a build that succeeded has in its home.

        Raises:
            StepFailedError: the role may not write it.
        """
        for index, folder in enumerate(self._folders):
            self._require("s3:PutObject", "kms:GenerateDataKey", index)
            if (home / folder).is_dir():
                content = pack(home / folder)
                self._s3.put_object(Bucket=self._bucket, Key=self._object(index), Body=content)

    @staticmethod
    def _folder(path: str) -> str:
        if not (path.startswith(_HOME) and path.endswith(_EVERYTHING)):
            raise StepFailedError(f"not rehearsed: the path {path} of a cache")
        return path.removeprefix(_HOME).removesuffix(_EVERYTHING)

    def _object(self, index: int) -> str:
        return f"{self._prefix}/{index}.zip"

    def _require(self, action: str, with_key: str, index: int) -> None:
        self._roles.require(self._session, action, f"arn:aws:s3:::{self._bucket}/{self._object(index)}")
        if self._key:
            self._roles.require(self._session, with_key, self._key)
