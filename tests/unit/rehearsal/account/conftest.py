"""moto in this process, with the account's additions taken away again after each test."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.backup.responses import BackupResponse
from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.responses import BaseResponse
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupIngress
from moto.efs.exceptions import EFSError
from moto.efs.models import AccessPoint, EFSBackend, FileSystem, MountTarget
from moto.efs.responses import EFSResponse
from moto.iam.models import ManagedPolicy, Role
from moto.kms.models import Key
from moto.logs.models import LogGroup
from moto.s3.models import FakeBucket

from rehearsal.account import audit_trail, backups, bucket_policies, call_refusals, kms_keys, log_groups
from rehearsal.account.cloudformation import change_sets, stack_calls
from rehearsal.account.cloudformation.custom_resources import CustomResource
from rehearsal.account.efs import stack_file_systems
from rehearsal.account.eks.access_entries import AccessEntry
from rehearsal.account.functions import lambda_functions
from rehearsal.account.functions.lambda_functions import LambdaRunner
from rehearsal.account.iam import managed_policies
from tests.unit.rehearsal.account.stacks import Stacks, aws_client

CHANGED = (
    parsing,
    AccessPoint,
    BackupResponse,
    BaseResponse,
    ChangeSet,
    CloudFormationBackend,
    CloudFormationResponse,
    CloudTrailResponse,
    CustomResource,
    EFSBackend,
    EFSError,
    EFSResponse,
    FakeBucket,
    FileSystem,
    Key,
    LambdaFunction,
    LayerVersion,
    LogGroup,
    ManagedPolicy,
    MountTarget,
    Role,
    SecurityGroup,
    SecurityGroupIngress,
    Stack,
)
"""What `install` of the account's modules changes in moto."""

KNOWN = (AccessEntry,)
"""Resource types that stacks know because their models are imported, before moto looks for them."""


@pytest.fixture
def account() -> Iterator[None]:
    """An empty account with everything that a rehearsal adds to moto."""
    before = [dict(vars(one)) for one in CHANGED]
    with mock_aws():
        lambda_functions.keep_layers()
        for part in (
            stack_calls,
            change_sets,
            stack_file_systems,
            kms_keys,
            bucket_policies,
            log_groups,
            backups,
            managed_policies,
            audit_trail,
            call_refusals,
        ):
            part.install()
        yield
    for one, names in zip(CHANGED, before, strict=True):
        for name in vars(one).keys() - names.keys():
            delattr(one, name)
        for name, value in names.items():
            if vars(one)[name] is not value:
                setattr(one, name, value)


@pytest.fixture
def stacks(account: None) -> Stacks:  # noqa: ARG001
    return Stacks()


@pytest.fixture
def functions(account: None) -> "Functions":  # noqa: ARG001
    return Functions()


@pytest.fixture
def runner(tmp_path: Path) -> LambdaRunner:
    (tmp_path / "logs").mkdir()
    return LambdaRunner(directory=tmp_path, environment={"MACHINE": "rehearsal"}, path="/stand-in")


class Functions:
    """Makes functions and layers of the account."""

    def __init__(self) -> None:
        self.client = aws_client("lambda")
        role = aws_client("iam").create_role(RoleName="function", AssumeRolePolicyDocument="{}")
        self._role = role["Role"]["Arn"]

    def make(self, name: str, source: str, **settings: Any) -> str:
        """A function whose module is `index` and handler `handler`; returns its ARN."""
        answer = self.client.create_function(
            FunctionName=name,
            Role=self._role,
            Runtime="python3.13",
            Handler="index.handler",
            Code={"ZipFile": archive({"index.py": source})},
            **settings,
        )
        return str(answer["FunctionArn"])

    def make_provider(self, source: str, **settings: Any) -> str:
        """CDK's provider framework in front of a handler; returns the framework's ARN."""
        handler = self.make("handler", source, **settings)
        return self.make(
            "framework",
            "def handler(event, context): raise RuntimeError('the framework itself is not run')",
            Environment={"Variables": {"USER_ON_EVENT_FUNCTION_ARN": handler}},
        )

    def make_layer(self, files: dict[str, str], *, executable: bool = False) -> str:
        answer = self.client.publish_layer_version(
            LayerName="layer", Content={"ZipFile": archive(files, executable=executable)}
        )
        return str(answer["LayerVersionArn"])


def archive(files: dict[str, str], *, executable: bool = False) -> bytes:
    """A zip archive; with the mode that a build on Linux gives programs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if executable else 0o444) << 16
            packed.writestr(entry, text)
    return content.getvalue()
