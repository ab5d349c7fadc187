"""`airflow-efs discover`: no managed group, two scaling groups with a security group each, and CONFIG_MAP.

The tests run in their order, on one rehearsal: what is found first, then its deployment as it was written.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes

from tests.rehearsal.clusters import (
    OWNED,
    REGION,
    Shaped,
    deploy_and_bind,
    shaped,
    three_zones,
)


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shaped]:
    def seed(content: dict[str, Any]) -> None:
        three_zones(content)
        content["cluster"]["access"] = {"role_arn": "arn:aws:iam::123456789012:role/deployer"}

    with shaped(tmp_path_factory.mktemp("environments"), seed) as shape:
        subnets = [subnet.id for subnet in shape.cluster.subnets]
        shape.made["groups"] = {
            name: scaling_group(shape, name, where, desired)
            for name, where, desired in (("steady", subnets[:2], 2), ("spot", subnets[2:], 0))
        }
        arn = shape.let_in(policy=None)
        core = kubernetes.CoreV1Api(shape.rehearsal.kubernetes())
        config = core.read_namespaced_config_map("aws-auth", "kube-system")
        assert config.data is not None
        rows = yaml.safe_load(config.data["mapRoles"])
        rows.append({"rolearn": arn, "username": "engineer", "groups": ["system:masters"]})
        config.data["mapRoles"] = yaml.safe_dump(rows)
        core.replace_namespaced_config_map("aws-auth", "kube-system", config)
        yield shape


def test_zones_of_a_group_that_is_scaled_to_zero_count(shape: Shaped) -> None:
    report = shape.report()
    assert len(report["nodes"]) == 2
    kinds = {one["name"]: one["kind"] for one in report["node_groups"]}
    assert kinds == {"steady": "auto-scaling", "spot": "auto-scaling"}
    zones = {one["availability_zone"] for one in report["environment"]["cluster"]["subnets"]}
    assert zones == {f"{REGION}{zone}" for zone in "abc"}


def test_every_group_is_covered_when_no_security_group_is_common(shape: Shaped) -> None:
    groups = shape.report()["environment"]["cluster"]["node_security_groups"]
    assert groups == sorted(shape.made["groups"].values())


def test_the_role_that_aws_auth_and_lambda_know_is_chosen(shape: Shaped) -> None:
    report = shape.report()
    assert report["cluster"]["authentication_mode"] == "CONFIG_MAP"
    assert report["environment"]["cluster"]["access"] == {
        "role_arn": "arn:aws:iam::123456789012:role/deployer"
    }


def test_its_environment_is_deployed_as_it_was_written(shape: Shaped) -> None:
    assert shape.write().returncode == 0
    deploy_and_bind(shape)


def scaling_group(shape: Shaped, name: str, subnets: list[str], desired: int) -> str:
    """An Auto Scaling group as eksctl and Terraform tag it; returns the security group of its nodes."""
    group = shape.group(name)
    shape.ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={
            "ImageId": "ami-12c6146b",
            "InstanceType": "m7i.large",
            "SecurityGroupIds": [group],
        },
    )
    shape.rehearsal.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        MinSize=0,
        MaxSize=4,
        DesiredCapacity=desired,
        VPCZoneIdentifier=",".join(subnets),
        Tags=[{"Key": OWNED, "Value": "owned", "PropagateAtLaunch": True}],
    )
    return group
