"""What `trace` says of a file system whose access points are used up."""

from operations.explanation import Kind, explain
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.faults import eventually
from tests.rehearsal.lines import Lines


def test_a_quota_that_is_used_up_is_named() -> None:
    with Rehearsal(
        environment="dynamic-provisioning", reporter=Lines(), faults=["access-point-quota:1"]
    ) as rehearsal:
        rehearsal.deploy()
        api, efs = rehearsal.kubernetes(), rehearsal.client("efs")
        await_bound(api, name="efs-claim-1")
        make_claim(api, name="one-too-many", storage_class="efs-sc-1")

        def kinds() -> list[Kind]:
            found = explain(api, efs, name="one-too-many", namespace="default")
            return [one.kind for one in found.breaks]

        eventually(lambda: kinds() == [Kind.QUOTA])
