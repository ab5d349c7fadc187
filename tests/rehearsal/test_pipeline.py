"""Releases of the delivery pipeline, from the commit to the end, on an emulated account.

The stack is deployed once; each test is one release more. What a release's revision leaves out of the
developer's script is said in `pipeline_repository`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from rehearsal.pipeline.release import Outcome, Released, Releases
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines
from tests.rehearsal.pipeline_releases import last_changes, releases_of
from tests.rehearsal.pipeline_repository import Repository

NAME, ADDED = "release", "added"
ROLE = "airflow-efs-delivery"
CONNECTION = (
    "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
)


def with_a_pipeline(content: dict[str, Any]) -> None:
    content["pipeline"] = {
        "source": {"connection_arn": CONNECTION, "repository": "example/airflow-efs-cdk"},
        "environments": [NAME],
    }
    content["file_system"]["throughput"] = "bursting"


def with_an_open_topic(stack: str) -> str:
    """The module of the storage stack with a topic that takes messages without TLS."""
    imported, made = "from aws_cdk import aws_ec2 as ec2\n", "        self._environment = environment\n"
    assert imported in stack
    assert made in stack
    return stack.replace(imported, f"{imported}from aws_cdk.aws_sns import Topic\n").replace(
        made, f'{made}        Topic(self, "Open")\n'
    )


def with_two_environments(content: dict[str, Any]) -> None:
    """Two environments, and the pipeline as in a closed network: the source is another one, too."""
    with_a_pipeline(content)
    cluster = content["cluster"]
    content["pipeline"] |= {
        "source": {"codecommit": "airflow-efs-cdk"},
        "environments": [NAME, ADDED],
        "vpc": {
            "id": cluster["vpc"]["id"],
            "subnets": [subnet["id"] for subnet in cluster["subnets"]],
            "security_groups": cluster["node_security_groups"],
        },
        "variables": {"EXAMPLE": "anybody may read it"},
    }


def with_less(content: dict[str, Any]) -> None:
    """A second environment in the same cluster: it uses the driver of the first."""
    content["driver"] = {"install": "existing"}
    content["file_system"] |= {"name": "efs-added", "throughput": "bursting"}
    content["storage_classes"][0] |= {"name": "efs-sc-added", "base_path": "/added"}
    content["claims"] = []


@dataclass
class World:
    rehearsal: Rehearsal
    repository: Repository
    releases: Releases
    approvals: list[str] = field(default_factory=list)
    answer: bool = True

    def approve(self, comment: str) -> bool:
        self.approvals.append(comment)
        return self.answer

    def release(self, *, approve: bool = True) -> Released:
        self.approvals.clear()
        self.answer = approve
        return self.releases.release(self.repository.commit())

    def stacks(self) -> dict[str, Any]:
        return last_changes(self.rehearsal.client("cloudformation"))

    def file_systems(self) -> set[str]:
        described = self.rehearsal.client("efs").describe_file_systems()["FileSystems"]
        return {one["FileSystemId"] for one in described}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    repository = Repository(tmp_path_factory.mktemp("repository"))
    repository.describe(NAME, with_a_pipeline)
    repository.commit()
    with Rehearsal(environment=NAME, environments=repository.environments, reporter=Lines()) as rehearsal:
        rehearsal.deploy(stack="DeliveryPipelineStack")
        world: World
        folder = tmp_path_factory.mktemp("releases")
        releases = releases_of(rehearsal, repository, folder, approve=lambda comment: world.approve(comment))
        world = World(rehearsal, repository, releases)
        yield world


@pytest.fixture(scope="module")
def first(world: World) -> Released:
    return world.release()


def test_a_release_goes_from_the_commit_to_the_environment(world: World, first: Released) -> None:
    assert first.succeeded, first.stages[-1].reason
    assert first.outcome(f"{NAME}-approval") is Outcome.SUCCEEDED  # a new environment has roles
    assert "EfsStorageStack-release" in world.stacks()
    assert world.file_systems()


def test_a_second_release_without_a_change_changes_nothing(world: World, first: Released) -> None:
    assert first.succeeded
    before = world.stacks()
    second = world.release()
    assert second.succeeded, second.stages[-1].reason
    assert second.outcome(f"{NAME}-approval") is Outcome.SKIPPED
    assert world.approvals == []
    assert world.stacks() == before


def test_a_commit_that_would_replace_the_file_system_stops_at_the_approval(
    world: World, first: Released
) -> None:
    assert first.succeeded
    before = world.file_systems()

    def another_mode(content: dict[str, Any]) -> None:
        with_a_pipeline(content)
        content["file_system"]["performance_mode"] = "maxIO"

    world.repository.describe(NAME, another_mode)
    try:
        released = world.release(approve=False)
    finally:
        world.repository.describe(NAME, with_a_pipeline)
    assert released.stages[-1].stage == f"{NAME}-approval"
    assert released.stages[-1].outcome is Outcome.FAILED
    assert released.stages[-1].reason == "Approve: rejected"
    assert world.file_systems() == before


def test_a_commit_with_a_finding_of_cdk_nag_stops_at_synth(world: World) -> None:
    stack = world.repository.folder / "stacks" / "efs_storage_stack.py"
    before, text = world.stacks(), stack.read_text()
    stack.write_text(with_an_open_topic(text))
    try:
        released = world.release()
    finally:
        stack.write_text(text)
    assert released.stages[-1].stage == "Build"
    assert released.stages[-1].outcome is Outcome.FAILED
    assert "AwsSolutions-SNS3" in released.stages[-1].reason
    assert world.stacks() == before


def test_a_commit_that_adds_an_environment_changes_the_pipeline_and_deploys_it_in_one_release(
    world: World,
) -> None:
    world.repository.describe(NAME, with_two_environments)
    world.repository.describe(ADDED, with_less)
    released = world.release()
    assert released.succeeded, released.stages[-1].reason
    outcomes = [(one.stage, one.outcome) for one in released.stages]
    restart = outcomes.index(("UpdatePipeline", Outcome.RESTARTED))
    assert ADDED not in [stage for stage, _ in outcomes[:restart]]
    assert outcomes[restart + 1] == ("Source", Outcome.SUCCEEDED)
    assert outcomes[-1] == (ADDED, Outcome.SUCCEEDED)
    assert f"EfsStorageStack-{ADDED}" in world.stacks()


def test_the_release_before_has_brought_its_pipeline_into_a_closed_network(world: World) -> None:
    (only,) = world.rehearsal.client("codepipeline").list_pipelines()["pipelines"]
    described = world.rehearsal.client("codepipeline").get_pipeline(name=only["name"])["pipeline"]
    assert described["stages"][0]["actions"][0]["actionTypeId"]["provider"] == "CodeCommit"
    builds = world.rehearsal.client("codebuild")
    projects = builds.batch_get_projects(names=builds.list_projects()["projects"])["projects"]
    assert {one["vpcConfig"]["vpcId"] for one in projects} == {world.rehearsal.settings.cluster.vpc.id}


def with_checks(content: dict[str, Any]) -> None:
    with_two_environments(content)
    content["delivery"] = {"role_arn": f"arn:aws:iam::123456789012:role/{ROLE}"}


def with_less_and_a_tag(content: dict[str, Any]) -> None:
    with_less(content)
    content["tags"] = {"team": "data"}


def let_in(rehearsal: Rehearsal) -> None:
    """The role of doctor and prove: whoever the account trusts, and an administrator of the cluster."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn = rehearsal.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    eks, cluster = rehearsal.client("eks"), rehearsal.settings.cluster.name
    eks.create_access_entry(clusterName=cluster, principalArn=arn)
    eks.associate_access_policy(
        clusterName=cluster,
        principalArn=arn,
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        accessScope={"type": "cluster"},
    )


def test_a_proof_that_fails_stops_the_release_before_the_next_environment(world: World) -> None:
    let_in(world.rehearsal)
    world.repository.describe(NAME, with_checks)
    world.repository.describe(ADDED, with_less_and_a_tag)
    before = world.stacks()
    released = world.release()
    last = released.stages[-1]
    assert (last.stage, last.outcome) == (NAME, Outcome.FAILED)
    assert last.reason.startswith("Prove: ")  # the cluster has no nodes
    assert "Not proven" in last.reason
    assert world.stacks().get(f"EfsStorageStack-{ADDED}") == before.get(f"EfsStorageStack-{ADDED}")
