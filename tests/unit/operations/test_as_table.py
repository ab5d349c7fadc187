"""What `airflow-efs trace` prints."""

import dataclasses
import io

import pytest
from rich.console import Console

from operations.trace import Chain, VolumeHandle, as_table
from tests.unit.operations.cluster import bound_claim, volume

FILE_SYSTEM = "fs-0a1b2c3d4e5f60718"
ACCESS_POINT = "fsap-0a1b2c3d4e5f60718"
VOLUME = "pvc-3f6d8c1e-9d1a-4c39-8a54-0f5f6c0a7b21"
PATH = f"/dynamic_provisioning/{VOLUME}"
HANDLE = f"efs:{FILE_SYSTEM}::{ACCESS_POINT}"
TARGETS = tuple(
    {
        "AvailabilityZoneName": f"ap-northeast-2{letter}",
        "MountTargetId": f"fsmt-0a1b2c3d4e5f6071{letter}",
        "SubnetId": f"subnet-0a1b2c3d4e5f6071{letter}",
        "IpAddress": "10.200.100.104",
        "LifeCycleState": "available",
    }
    for letter in "abcd"
)


@pytest.fixture
def chain() -> Chain:
    described = volume(HANDLE)
    described["metadata"]["name"] = VOLUME
    return Chain(
        claim=bound_claim(volume=VOLUME),
        volume=described,
        handle=VolumeHandle.parse(HANDLE),
        access_point={
            "AccessPointId": ACCESS_POINT,
            "PosixUser": {"Uid": 1000, "Gid": 1001},
            "RootDirectory": {
                "Path": PATH,
                "CreationInfo": {"OwnerUid": 1000, "OwnerGid": 1001, "Permissions": "700"},
            },
        },
        file_system={
            "FileSystemId": FILE_SYSTEM,
            "Name": "efs_fs",
            "LifeCycleState": "available",
            "Encrypted": True,
            "ThroughputMode": "elastic",
        },
        mount_targets=TARGETS,
    )


def printed(chain: Chain, *, width: int = 80) -> str:
    text = io.StringIO()
    Console(width=width, file=text).print(as_table(chain))
    return text.getvalue()


def test_no_id_and_no_path_is_cut_on_a_terminal_of_80_columns(chain: Chain) -> None:
    words = printed(chain).split()
    ids = [one[key] for one in TARGETS for key in ("AvailabilityZoneName", "MountTargetId", "SubnetId")]
    for word in ("airflow/airflow-logs", VOLUME, HANDLE, ACCESS_POINT, FILE_SYSTEM, PATH, *ids):
        assert word in words


def test_no_line_is_longer_than_the_terminal(chain: Chain) -> None:
    assert max(len(line) for line in printed(chain).splitlines()) <= 80


def test_each_link_says_what_matters_of_it(chain: Chain) -> None:
    text = printed(chain, width=200)
    assert "Bound, ReadWriteMany, class efs-sc" in text
    assert "reclaim Delete" in text
    assert "uid 1000, gid 1001, permissions 700" in text
    assert "available, encrypted, elastic throughput" in text
    assert "subnet-0a1b2c3d4e5f6071a 10.200.100.104 available" in text


def test_a_file_system_without_encryption_stands_out(chain: Chain) -> None:
    plain = dataclasses.replace(chain, file_system={**chain.file_system, "Encrypted": False})
    assert "available, NOT encrypted" in printed(plain)


def test_a_volume_without_an_access_point_has_no_such_link(chain: Chain) -> None:
    assert "access point" in printed(chain)
    assert "access point" not in printed(dataclasses.replace(chain, access_point=None))


def test_an_access_point_without_an_owner_and_of_the_root_is_shown(chain: Chain) -> None:
    text = printed(dataclasses.replace(chain, access_point={"AccessPointId": ACCESS_POINT}))
    assert "uid -, gid -, permissions -" in text
    assert "path /\n" in "\n".join(line.rstrip() for line in text.splitlines())


def test_a_claim_without_a_class_and_a_file_system_without_a_name_are_shown(chain: Chain) -> None:
    claim = bound_claim()
    del claim["spec"]["storageClassName"]
    text = printed(
        dataclasses.replace(chain, claim=claim, file_system={**chain.file_system, "Name": ""}),
    )
    assert "class -" in text
    assert "()" not in text


def test_a_name_is_not_taken_for_markup(chain: Chain) -> None:
    named = dataclasses.replace(chain, file_system={**chain.file_system, "Name": "[bold]logs[/bold]"})
    assert "([bold]logs[/bold])" in printed(named)
