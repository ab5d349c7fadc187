from pathlib import Path

import pytest
import yaml
from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from airflow_efs.bundled_chart import CHARTS, BundledChart
from airflow_efs.imported_cluster import ImportedCluster
from tests.unit.templates import chart_values, of_type, only


def build(stack: Stack, cluster: ImportedCluster) -> Template:
    BundledChart(
        stack, "Chart", cluster=cluster, chart="storage-class", release="one", values={"keep": False}
    )
    return Template.from_stack(stack)


def test_the_chart_comes_from_an_asset(stack: Stack, cluster: ImportedCluster) -> None:
    found = only(of_type(build(stack, cluster), "Custom::AWSCDK-EKS-HelmChart"))
    assert "s3://cdk-" in str(found["Properties"]["ChartAssetURL"])
    assert "Repository" not in found["Properties"]
    assert chart_values(found) == {"keep": False}


def test_the_handler_may_read_it(stack: Stack, cluster: ImportedCluster) -> None:
    build(stack, cluster).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": Match.object_like(
                {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {"Action": ["s3:GetBucket*", "s3:GetObject*", "s3:List*"], "Effect": "Allow"}
                            )
                        ]
                    )
                }
            )
        },
    )


@pytest.mark.parametrize("chart", sorted(CHARTS.iterdir()), ids=lambda path: path.name)
def test_a_chart_has_the_name_of_its_folder(chart: Path) -> None:
    metadata = yaml.safe_load((chart / "Chart.yaml").read_text(encoding="utf-8"))
    assert metadata["name"] == chart.name
    assert list((chart / "templates").glob("*.yaml"))
