"""Each way to install the driver, with each way to give it its identity: a claim is Bound, nothing differs."""

from pathlib import Path

import pytest

from tests.rehearsal.drivers import (
    CLUSTER,
    CONTROLLER,
    NODE,
    annotation_of,
    bound_chain,
    deployment,
    has_no_differences,
    managers,
    outputs,
    rehearsed,
)


def test_the_add_on_with_irsa_binds_a_claim(tmp_path: Path) -> None:
    with rehearsed(tmp_path, "addon", install="addon") as rehearsal:
        rehearsal.deploy()
        bound_chain(rehearsal)
        addon = rehearsal.client("eks").describe_addon(clusterName=CLUSTER, addonName="aws-efs-csi-driver")[
            "addon"
        ]
        assert addon["status"] == "ACTIVE"
        role = outputs(rehearsal, "addon")["ControllerRoleArn"]
        assert addon["serviceAccountRoleArn"] == role
        assert annotation_of(rehearsal, CONTROLLER) == annotation_of(rehearsal, NODE) == role
        assert "eks" in managers(rehearsal)
        assert has_no_differences(rehearsal)
