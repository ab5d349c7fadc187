"""`airflow-efs discover`: public and private subnets, a managed node group, and instances that are no nodes.

The tests run in their order, on one rehearsal: what is found first, then its deployment as it was written.
"""

from collections.abc import Iterator

import pytest

from operations.exit_status import DIFFERS, INCOMPLETE
from tests.rehearsal.clusters import (
    CLUSTER,
    MANAGED,
    REGION,
    Shaped,
    deploy_and_bind,
    mount_target_subnets,
    shaped,
    three_zones,
)


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shaped]:
    with shaped(tmp_path_factory.mktemp("environments"), three_zones) as shape:
        private = [subnet.id for subnet in shape.cluster.subnets]
        shape.made["public"] = [
            shape.subnet(f"10.30.{block}.0/20", zone) for block, zone in ((192, "a"), (208, "b"), (224, "c"))
        ]
        shape.make_public(shape.made["public"])
        own = shape.cluster.node_security_groups[0]
        shape.rehearsal.client("eks").create_nodegroup(
            clusterName=CLUSTER,
            nodegroupName="workers",
            nodeRole=shape.role("nodes", "ec2.amazonaws.com"),
            subnets=[*private, shape.made["public"][0]],
        )
        extra = shape.group("databases")
        shape.nodes(private[0], count=2, groups=[own, extra], tags=MANAGED)
        shape.nodes(private[1], count=1, groups=[own], tags=MANAGED)
        bastion = shape.group("bastion")
        shape.nodes(shape.made["public"][2], count=1, groups=[bastion], tags={"Name": "bastion"})
        shape.let_in()
        yield shape


def test_each_zone_gets_the_subnet_in_which_its_nodes_run(shape: Shaped) -> None:
    report = shape.report()
    found = {one["availability_zone"]: one["id"] for one in report["environment"]["cluster"]["subnets"]}
    assert found == {subnet.availability_zone: subnet.id for subnet in shape.cluster.subnets}
    (choice,) = [one for one in report["choices"] if one["field"] == "cluster.subnets"]
    assert choice["chose"].startswith(f"{shape.cluster.subnets[0].id} in {REGION}a (private, 2 nodes")
    assert choice["why"].startswith("most nodes run in it")
    assert [one.split()[0] for one in choice["instead_of"]] == [shape.made["public"][0]]


def test_an_instance_that_is_no_node_counts_for_nothing(shape: Shaped) -> None:
    report = shape.report()
    assert len(report["nodes"]) == 3
    public = {one["id"]: one for one in report["subnets"] if one["public"]}
    assert set(public) == set(shape.made["public"])
    assert all(one["nodes"] == 0 for one in public.values())


def test_the_group_that_every_node_has_is_chosen(shape: Shaped) -> None:
    report = shape.report()
    cluster = report["environment"]["cluster"]
    assert cluster["node_security_groups"] == list(shape.cluster.node_security_groups)
    (choice,) = [one for one in report["choices"] if one["field"] == "cluster.node_security_groups"]
    assert choice["why"] == "every node has it; it is the cluster's own group"


def test_nothing_of_efs_is_there_yet(shape: Shaped) -> None:
    report = shape.report()
    assert report["driver"]["install"] == "none"
    assert (report["storage_classes"], report["file_systems"]) == ([], [])
    assert report["cluster"]["oidc_provider_arn"].endswith(shape.cluster.oidc_issuer.removeprefix("https://"))


def test_its_environment_is_deployed_as_it_was_written(shape: Shaped) -> None:
    run = shape.write()
    assert run.returncode == 0
    assert run.stdout == ""
    deploy_and_bind(shape)
    assert mount_target_subnets(shape) == {subnet.id for subnet in shape.cluster.subnets}


def test_the_file_is_current_afterwards(shape: Shaped) -> None:
    before = shape.file.read_text()
    run = shape.write()
    assert run.returncode == 0
    assert "found.yaml is current" in run.stderr
    assert shape.file.read_text() == before


def test_what_its_own_stack_made_is_recognised(shape: Shaped) -> None:
    report = shape.report("--write", "found", "--environments", str(shape.folder))
    assert report["driver"]["install"] == "helm"
    assert report["driver"]["environment"] == "found"
    assert report["driver"]["identity"] == "irsa"
    assert [one["name"] for one in report["storage_classes"]] == ["efs-sc"]
    (system,) = report["file_systems"]
    assert system["environment"] == "found"
    assert (report["problems"], report["changes"], report["written"]) == ([], "", False)


def test_a_new_zone_is_shown_and_written_on_a_word_only(shape: Shaped) -> None:
    text = shape.file.read_text().replace(
        "\nfile_system:\n", "\nfile_system:\n  tags: {team: data}   # ours\n"
    )
    shape.file.write_text(text)
    subnet = shape.subnet("10.30.240.0/20", "d")
    shape.nodes(subnet, count=1, groups=shape.cluster.node_security_groups, tags=MANAGED)
    run = shape.write()
    assert run.returncode == DIFFERS
    zones = f"  node_zones: [{', '.join(f'{REGION}{letter}' for letter in 'abc')}]"
    more = zones.replace("]", f", {REGION}d]")
    added = f"+    - {{id: {subnet}, availability_zone: {REGION}d}}"
    assert [line for line in run.stdout.splitlines()[2:] if line[0] in "+-"] == [
        added,
        f"-{zones}",
        f"+{more}",
    ]
    assert shape.file.read_text() == text
    assert shape.write("--yes").returncode == 0
    new = shape.file.read_text()
    assert new.splitlines() == [
        line
        for one in text.replace(zones, more).splitlines()
        for line in ([one, added[1:]] if f"availability_zone: {REGION}c}}" in one else [one])
    ]
    shape.rehearsal.deploy()
    assert subnet in mount_target_subnets(shape)


def test_a_role_that_the_cluster_does_not_know_still_gets_an_environment(shape: Shaped) -> None:
    shape.let_in("stranger", policy=None)
    report = shape.report()
    assert report["driver"]["install"] == "unknown"
    assert report["storage_classes"] is None
    (unseen,) = [one for one in report["unseen"] if "in the cluster" in one["what"]]
    assert unseen["why"] == "the API server does not let the caller in: 401 Unauthorized"
    assert len(report["environment"]["cluster"]["subnets"]) == 4


def test_a_role_that_may_read_little_is_told_what_was_not_seen(shape: Shaped) -> None:
    shape.let_in("viewer", policy="AmazonEKSViewPolicy")
    report = shape.report()
    unseen = {one["what"]: one["why"] for one in report["unseen"]}
    assert unseen["StorageClasses of the cluster"] == "the API server answers 403 Forbidden"
    assert unseen["nodes of the cluster"] == "the API server answers 403 Forbidden"
    assert len(report["nodes"]) == 4


def test_a_missing_oidc_provider_is_an_error_in_the_environment(shape: Shaped) -> None:
    arn = shape.report()["cluster"]["oidc_provider_arn"]
    shape.rehearsal.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    run = shape.discover()
    assert run.returncode == INCOMPLETE
    assert "# ERROR: IAM has no OIDC provider for the cluster's issuer" in run.stdout


def test_a_cluster_that_is_not_there_is_one_line_with_those_that_are(shape: Shaped) -> None:
    run = shape.discover(cluster="k9s-cluster")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr == f'error: there is no cluster "k9s-cluster" in {REGION}: choose {CLUSTER}\n'


def test_an_account_that_does_not_know_the_key_is_one_line(shape: Shaped) -> None:
    shape.session = {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN", "AWS_SECRET_ACCESS_KEY": "unknown"}
    run = shape.discover()
    assert run.returncode == 1
    assert run.stderr.startswith("error: AWS ")
    assert run.stderr.count("\n") == 1
