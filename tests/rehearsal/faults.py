"""Faults for the doctor: each is seeded by real calls, and undone."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from kubernetes import client as kubernetes

from operations.doctor.examination import examine
from operations.doctor.installation import Installation, Quotas
from operations.doctor.needs import AirflowNeeds
from operations.findings import Finding, Report
from rehearsal.rehearsal import Rehearsal
from settings import Environment, load_environment
from tests.rehearsal.nodes import Nodes

Change = Callable[[dict[str, Any]], None]


@dataclass
class World:
    """A rehearsal and what is asked about it."""

    rehearsal: Rehearsal
    folder: Path
    """Holds the environment that is rehearsed."""
    nodes: Nodes
    session: Any = None
    environment: Environment = field(init=False)
    airflow: AirflowNeeds | None = None
    quotas: Quotas = field(default_factory=Quotas)

    def __post_init__(self) -> None:
        self.environment = self.rehearsal.settings
        self.text = (self.folder / f"{self.environment.name}.yaml").read_text()
        self.api = self.rehearsal.kubernetes()
        # Any: every field of an object may be None for the type checker.
        self.core: Any = kubernetes.CoreV1Api(self.api)
        self.apps: Any = kubernetes.AppsV1Api(self.api)
        self.storage: Any = kubernetes.StorageV1Api(self.api)
        self.clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return self.clients.setdefault(service, self.rehearsal.client(service))

    def examine(self) -> Report:
        installation = Installation(
            self.environment, airflow=self.airflow, quotas=self.quotas, session=self.session
        )
        return examine(installation)

    @contextmanager
    def settings(self, change: Change) -> Iterator[None]:
        """Another environment of the same name, for as long as the block lasts; changes nest."""
        former, former_text = self.environment, self.text
        content = yaml.safe_load(former_text)
        change(content)
        self.text = yaml.safe_dump(content)
        folder = self.folder / "changed"
        folder.mkdir(exist_ok=True)
        (folder / f"{former.name}.yaml").write_text(self.text)
        self.environment = load_environment(former.name, folder)
        try:
            yield
        finally:
            self.environment, self.text = former, former_text

    @property
    def outputs(self) -> dict[str, str]:
        answer = self.client("cloudformation").describe_stacks(
            StackName=f"EfsStorageStack-{self.rehearsal.settings.name}"
        )
        return {one["OutputKey"]: one["OutputValue"] for one in answer["Stacks"][0]["Outputs"]}

    @property
    def file_system(self) -> str:
        return self.outputs["FileSystemId"]

    @property
    def vpc(self) -> str:
        return self.rehearsal.settings.cluster.vpc.id

    @property
    def node_group(self) -> str:
        return self.rehearsal.settings.cluster.node_security_groups[0]

    def mount_target(self, zone: str) -> dict[str, Any]:
        targets = self.client("efs").describe_mount_targets(FileSystemId=self.file_system)["MountTargets"]
        return next(one for one in targets if one["AvailabilityZoneName"] == zone)


Seed = Callable[[World], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A fault and what the doctor must say of it."""

    check: str
    seed: Seed
    what: str
    """Words of the finding."""
    cure: str
    """Words of its cure."""
    also: frozenset[str] = frozenset()
    """Other findings that the same fault makes, because it is wrong in more than one way."""

    @property
    def id(self) -> str:
        return f"{self.check}-{self.seed.__name__}"


def found(report: Report, check: str) -> Finding:
    matching = [one for one in report.findings if one.check == check]
    assert matching, lines_of(report)
    return matching[0]


def lines_of(report: Report) -> list[str]:
    return [f"{one.check}: {one.what}" for one in report.findings]


@contextmanager
def examined_as_the_shell(rehearsal: Rehearsal) -> Iterator[None]:
    """Let the commands of this process speak to a rehearsal, as those of a shell do."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in rehearsal.exports().items():
            if name != "PATH":
                patch.setenv(name, value)
        yield


@contextmanager
def cluster_config(world: World, **access: Any) -> Iterator[None]:
    """Another access to the cluster's endpoint, for a while."""
    eks, name = world.client("eks"), world.environment.cluster.name
    network = eks.describe_cluster(name=name)["cluster"]["resourcesVpcConfig"]
    former = {
        key: network[key] for key in ("endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs")
    }
    eks.update_cluster_config(name=name, resourcesVpcConfig=access)
    try:
        yield
    finally:
        eks.update_cluster_config(name=name, resourcesVpcConfig=former)


def declared(change: Change) -> Seed:
    """A fault in the environment's file: it says what is not so."""

    def seed(world: World) -> AbstractContextManager[None]:
        return world.settings(change)

    seed.__name__ = change.__name__
    return seed


def seeded(function: Callable[[World], Iterator[None]]) -> Seed:
    """A fault in the account or the cluster: made, then undone."""

    @contextmanager
    @wraps(function)
    def seed(world: World) -> Iterator[None]:
        steps = function(world)
        next(steps)
        try:
            yield
        finally:
            for _ in steps:  # what follows its yield
                raise AssertionError(f"{function.__name__} yields twice")

    return seed


def set_field(*path: str | int, to: Any) -> Seed:
    """Another value in the environment's file."""

    def change(content: Any) -> None:
        *outer, last = path
        for step in outer:
            content = content[step] if isinstance(step, int) else content.setdefault(step, {})
        content[last] = to

    change.__name__ = ".".join(map(str, path))
    return declared(change)


def strangers_credentials(world: World) -> Iterator[None]:
    world.session = boto3.session.Session(aws_access_key_id="stranger", aws_secret_access_key="stranger")
    try:
        yield
    finally:
        world.session = None


def eventually(holds: Callable[[], Any], *, seconds: float = 60.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not become so"
        time.sleep(0.2)


def writing_policy(iam: Any, role: str) -> dict[str, str]:
    """The one policy of a role of the driver that lets it change something; the other lets it read."""
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    (policy,) = [one for one in attached if "ReadingPolicy" not in one["PolicyName"]]
    found: dict[str, str] = policy
    return found


def as_json(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
