"""What moto's Lambda lacks: the layers of a function that CloudFormation creates; and running one for real.

A function runs as Lambda runs it: its own code folder, its layers under folders of their own, the event in,
the result or the exception out, and no more time than its timeout. Not in a container: on this machine.
"""

import hashlib
import io
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.utils import get_backend
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from rehearsal.account.functions.function_faults import FunctionFaults
from rehearsal.account.tags import tags_of
from rehearsal.plan import INVOCATION

_RUNTIME = Path(__file__).with_name("lambda_runtime.py")


class FunctionError(Exception):
    """What the function raised: its type and its words."""

    def __init__(self, text: str, words: str | None = None) -> None:
        """Say what happened.

        Args:
            text: for a person.
            words: `errorMessage` of Lambda's error document. Default: the text.
        """
        super().__init__(text)
        self.words = text if words is None else words


class NoAnswerError(Exception):
    """The caller's time was over before the function's."""


def keep_layers() -> None:
    """Make moto keep the `Layers` and `Tags` of a function that CloudFormation creates; it drops them.

    `Ref` of a layer version gives its ARN, which moto does not know either.
    """
    LayerVersion.physical_resource_id = property(lambda layer: layer.arn)  # type: ignore[attr-defined]
    create = LambdaFunction.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create_with_layers(
        cls: type[LambdaFunction],
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> LambdaFunction:
        function: LambdaFunction = create(
            cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        properties = cloudformation_json["Properties"]
        if layers := properties.get("Layers"):
            function.update_configuration({"Layers": layers})
        function.tags = tags_of(properties)
        return function

    LambdaFunction.create_from_cloudformation_json = classmethod(create_with_layers)  # type: ignore


class LambdaRunner:
    """Runs functions of the emulated account on this machine."""

    def __init__(
        self,
        *,
        directory: Path,
        environment: dict[str, str],
        path: str,
        faults: FunctionFaults | None = None,
    ) -> None:
        """Prepare to run functions.

        Args:
            directory: where code and layers are unpacked and logs are written.
            environment: what the machine of a real Lambda provides: endpoint, proxy.
            path: folders of programs that come before the layers' own (the stand-in of the AWS CLI).
            faults: what is made to go wrong. Default: nothing.
        """
        self._faults = faults
        self._directory = directory
        self._environment = environment
        self._path = path

    def invoke(
        self,
        function_arn: str,
        event: dict[str, Any],
        *,
        account: str,
        region: str,
        patience: float = math.inf,
    ) -> Any:
        """Run a function and return what its handler returns.

        Args:
            function_arn: which.
            event: what it gets.
            account: whose it is.
            region: where it is.
            patience: how many seconds the caller waits. The function is ended then; on AWS it would run on,
                to its own timeout.

        Raises:
            FunctionError: the handler raised, or ran longer than the function's timeout.
            NoAnswerError: it ran longer than the caller waits.
        """
        backend = get_backend(account, region)
        function = backend.get_function(function_arn)
        code = self._unpacked(function.code_bytes)
        layers = [self._unpacked(_layer(backend, layer["Arn"]).code_bytes) for layer in function.layers]
        with (
            tempfile.TemporaryDirectory(dir=self._directory, prefix=INVOCATION) as scratch,
            self._around(event),
        ):
            return self._run(
                function, event, code=code, layers=layers, scratch=Path(scratch), patience=patience
            )

    def _around(self, event: dict[str, Any]) -> AbstractContextManager[None]:
        return self._faults.around(event) if self._faults else nullcontext()

    def _run(
        self,
        function: LambdaFunction,
        event: dict[str, Any],
        *,
        code: Path,
        layers: list[Path],
        scratch: Path,
        patience: float = math.inf,
    ) -> Any:
        programs = [str(folder) for layer in layers for folder in sorted(layer.iterdir()) if folder.is_dir()]
        result = scratch / "result.json"
        environment = {
            **function.environment_vars,
            **self._environment,
            **(self._faults.environment() if self._faults else {}),
            **_credentials(function),
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            # A home of its own: helm and kubectl keep caches, and nothing may stay behind or be shared.
            "HOME": str(scratch),
            "TEST_OUTDIR": str(scratch),
            "TMPDIR": str(scratch),
            "HELM_CACHE_HOME": str(scratch / "helm" / "cache"),
            "HELM_CONFIG_HOME": str(scratch / "helm" / "config"),
            "HELM_DATA_HOME": str(scratch / "helm" / "data"),
            "PATH": os.pathsep.join([self._path, *programs, os.defpath]),
        }
        limit = float(function.timeout)
        if self._faults:
            limit = self._faults.limit(limit)
        log = self._directory / "logs" / f"lambda-{function.function_name}.log"
        with log.open("ab") as stream:
            command = [sys.executable, "-I", str(_RUNTIME), str(code), str(function.handler), str(result)]
            with subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=code,
                process_group=0,
            ) as process:
                try:
                    process.communicate(json.dumps(event).encode(), timeout=min(limit, patience))
                except subprocess.TimeoutExpired as error:
                    if patience < limit:
                        raise NoAnswerError from error
                    raise FunctionError(f"Task timed out after {limit:.2f} seconds") from error
                finally:
                    if process.returncode is None:
                        os.killpg(process.pid, signal.SIGKILL)  # with helm or kubectl, if it called one
        if not result.exists():
            raise FunctionError(f"{function.function_name} ended without a result; its log: {log}")
        answer = json.loads(result.read_text(encoding="utf-8"))
        if "errorMessage" in answer:
            raise FunctionError(
                f"{answer['errorType']}: {answer['errorMessage']}", words=answer["errorMessage"]
            )
        return answer["result"]

    def _unpacked(self, archive: bytes) -> Path:
        folder = self._directory / "lambda" / hashlib.sha256(archive).hexdigest()[:16]
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self._directory, prefix="unpacking-") as scratch:
                partial = Path(scratch) / "archive"
                partial.mkdir()
                _unpack(archive, partial)
                try:
                    partial.rename(folder)
                except OSError:  # another invocation has unpacked the same archive at the same time
                    if not folder.exists():
                        raise
        return folder


def _credentials(function: LambdaFunction) -> dict[str, str]:
    # As on AWS: temporary ones of the function's own role, in a session that is named after the function.
    sts = sts_backends[function.account_id][get_partition(function.region)]
    session = sts.assume_role(
        region_name=function.region,
        role_session_name=str(function.function_name),
        role_arn=str(function.role),
        policy="",
        duration=3600,
        external_id="",
    )
    return {
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
    }


def _unpack(archive: bytes, folder: Path) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as contents:
            for entry in contents.infolist():
                extracted = Path(contents.extract(entry, folder))
                if mode := entry.external_attr >> 16 & 0o777:
                    extracted.chmod(mode | (0o700 if entry.is_dir() else 0o600))
    except zipfile.BadZipFile as error:
        raise FunctionError(f"the code of a function or layer is not a zip archive: {error}") from error


def _layer(backend: Any, arn: str) -> LayerVersion:
    layer = backend.layers_versions_by_arn(arn)
    if layer is None:
        raise FunctionError(f"the layer {arn} does not exist in the emulated account")
    return layer  # type: ignore[no-any-return]
