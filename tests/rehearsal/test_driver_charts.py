"""The chart from elsewhere than its repository: a claim is Bound, nothing differs."""

import shutil
from pathlib import Path

import pytest

from tests.rehearsal.drivers import (
    bound_chain,
    has_no_differences,
    rehearsed,
)


def test_a_chart_from_an_archive_binds_a_claim(tmp_path: Path) -> None:
    with rehearsed(tmp_path, "repository") as rehearsal:
        archive = rehearsal.charts[0].archive
        if archive is None:
            pytest.skip("the chart's repository serves it, and the test has no archive of its own")
        shutil.copy(archive, tmp_path / "driver.tgz")
    with rehearsed(tmp_path, "archive", chart_archive="driver.tgz", metrics=True) as rehearsal:
        rehearsal.deploy()
        bound_chain(rehearsal)
        assert has_no_differences(rehearsal)


def test_a_chart_from_a_registry_binds_a_claim(tmp_path: Path) -> None:
    registry = "oci://123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/charts/aws-efs-csi-driver"
    with rehearsed(tmp_path, "registry", chart_repository=registry) as rehearsal:
        rehearsal.deploy()
        bound_chain(rehearsal)
        assert has_no_differences(rehearsal)
