from collections.abc import Callable

import pytest

from settings import Environment

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"
SIZE = "    size: 5Gi"
DAGS = "{name: dags, namespace: airflow, path: /dags, owner: {uid: 50000, gid: 0}}"


def volumes(*items: str) -> tuple[str, str]:
    """A replacement that adds volumes below the claims; the first stands in line 24."""
    return SIZE, "\n  - ".join([f"{SIZE}\nvolumes:", *items])


def writer(fields: str, *items: str) -> tuple[str, str]:
    old, new = volumes(*items) if items else (SIZE, SIZE)
    return old, f"{new}\nsample_writer: {{{fields}}}"


def test_a_volume_is_safe_by_default(load: Load) -> None:
    [volume] = load(*volumes(DAGS)).volumes
    assert (volume.permissions, volume.access_mode, volume.read_only) == ("755", "ReadWriteMany", False)
    assert (volume.size, volume.removal) == ("1Gi", "retain")


def test_its_persistent_volume_carries_namespace_and_name(load: Load) -> None:
    assert load(*volumes(DAGS)).volumes[0].persistent_volume == "efs-airflow.dags"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("dags", "is not an absolute path: begin it with /"),
        ("/", "is the whole file system: write a directory, such as /dags"),
        ("/dags/", "has a slash too many: write /dags"),
        ("/a//b", "has a slash too many: write /a/b"),
        ("/a/b/c/d/e", "is 5 directories deep, EFS allows 4: remove a directory"),
        (f"/{'a' * 100}", "is 101 characters long, EFS allows 100: write a shorter one"),
        ("/a/../b", "has the directory . or ..: write /b"),
        ("/.hidden", "has a directory that begins with a dot, which EFS refuses: rename it"),
        ("/a|b", "has |, which EFS refuses in a path: remove it"),
    ],
)
def test_a_path_that_efs_would_refuse_is_refused(complaints: Complaints, path: str, fault: str) -> None:
    item = DAGS.replace("path: /dags", f'path: "{path}"')
    assert complaints(*volumes(item)) == [f'{FILE}:24: volumes[0].path: "{path}" {fault}']


def test_its_name_is_a_label(complaints: Complaints) -> None:
    assert complaints(*volumes(DAGS.replace("name: dags", "name: a.b"))) == [
        f'{FILE}:24: volumes[0].name: "a.b" is not a name that Kubernetes accepts: use lower-case letters, '
        "digits and -, and begin and end with a letter or a digit"
    ]


def test_an_owner_is_needed(complaints: Complaints) -> None:
    [line] = complaints(*volumes("{name: dags, path: /dags}"))
    assert line.startswith(f"{FILE}:24: volumes[0].owner: is missing: write it, with uid, gid")


def test_a_volume_and_a_claim_do_not_share_a_name(complaints: Complaints) -> None:
    item = DAGS.replace("dags, namespace: airflow", "logs")
    assert complaints(*volumes(item)) == [
        f'{FILE}:24: volumes[0].name: "logs" is the name of claims[0], too: give each claim its own name'
    ]


def test_two_volumes_do_not_share_a_name(complaints: Complaints) -> None:
    assert complaints(*volumes(DAGS, DAGS)) == [
        f'{FILE}:25: volumes[1].name: "dags" is the name of two volumes in namespace airflow, first of '
        "volumes[0]: give each volume its own name"
    ]


def test_two_volumes_may_share_a_path(load: Load) -> None:
    view = DAGS.replace("name: dags", "name: dags-view, read_only: true")
    assert [volume.path for volume in load(*volumes(DAGS, view)).volumes] == ["/dags", "/dags"]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("owner: {uid: 1000, gid: 0}", "owner: of /dags differs from volumes[0].owner"),
        ("owner: {uid: 50000, gid: 1}", "owner: of /dags differs from volumes[0].owner"),
        (
            'owner: {uid: 50000, gid: 0}, permissions: "750"',
            'permissions: "750" of /dags differs from volumes[0].permissions',
        ),
    ],
)
def test_two_volumes_of_a_path_agree_on_owner_and_permissions(
    complaints: Complaints, other: str, said: str
) -> None:
    view = DAGS.replace("name: dags", "name: dags-view").replace("owner: {uid: 50000, gid: 0}", other)
    assert complaints(*volumes(DAGS, view)) == [
        f"{FILE}:25: volumes[1].{said}; whichever is mounted first makes the directory: "
        "write the same in both, or another path"
    ]


def test_volumes_of_two_paths_may_differ(load: Load) -> None:
    other = DAGS.replace("name: dags", "name: data").replace("/dags", "/data").replace("50000", "1000")
    assert len(load(*volumes(DAGS, other)).volumes) == 2


def test_more_resources_than_a_stack_may_have_are_refused(complaints: Complaints) -> None:
    items = [f"&dags {DAGS}", *(f"{{<<: *dags, name: d{number}}}" for number in range(132))]
    assert complaints(*volumes(*items)) == [
        f"{FILE}:23: volumes: are, with storage_classes and claims, 401 resources of the stack; "
        "400 are allowed: divide them among two environments"
    ]


def test_there_is_no_sample_writer_by_default(load: Load) -> None:
    assert load().sample_writer is None


def test_the_sample_writer_writes_to_a_claim(load: Load) -> None:
    made = load(*writer("claim: logs")).sample_writer
    assert made is not None
    assert (made.name, made.namespace) == ("efs-app-1", "default")
    assert made.image == "public.ecr.aws/docker/library/busybox:1.37.0"


def test_the_sample_writer_writes_to_a_volume(load: Load) -> None:
    made = load(*writer("claim: dags, namespace: airflow", DAGS)).sample_writer
    assert made is not None
    assert made.claim == "dags"


def test_the_sample_writer_needs_a_claim_of_the_file(complaints: Complaints) -> None:
    assert complaints(*writer("claim: other")) == [
        f'{FILE}:23: sample_writer.claim: "other" is not a claim of this file in namespace default: '
        "choose one of default/logs"
    ]


def test_the_sample_writer_needs_a_volume_that_can_be_written(complaints: Complaints) -> None:
    item = DAGS.replace("path:", "read_only: true, path:")
    assert complaints(*writer("claim: dags, namespace: airflow", item)) == [
        f'{FILE}:25: sample_writer.claim: "dags" can only be read: choose a claim that can be written'
    ]


@pytest.mark.parametrize("image", ["", "-x", "a b", "a$b"])
def test_what_is_no_image_is_refused(complaints: Complaints, image: str) -> None:
    assert complaints(*writer(f'claim: logs, image: "{image}"')) == [
        f'{FILE}:23: sample_writer.image: "{image}" is not the name of an image: write REGISTRY/NAME:TAG, '
        "of an image with a shell"
    ]
