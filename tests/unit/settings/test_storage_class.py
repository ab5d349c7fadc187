import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings import Environment
from settings.access_point_path import DEEPEST, LONGEST, base_path_faults, volume_path_faults
from settings.storage_class import StorageClass

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"
PATH = "    base_path: /airflow"


def with_field(field: str) -> tuple[str, str]:
    return PATH, f"{PATH}\n    {field}"


def test_a_class_is_safe_by_default(load: Load) -> None:
    [item] = load(PATH + "\n", "").storage_classes
    assert item == StorageClass(
        name="efs-sc",
        base_path="/",
        directory_permissions="700",
        owner=None,
        gid_range=None,
        sub_path_pattern=None,
        ensure_unique_directory=True,
        reuse_access_point=False,
        mount_options=("tls",),
        reclaim_policy="Delete",
        volume_binding_mode="Immediate",
        default=False,
        labels={},
    )


@pytest.mark.parametrize("permissions", ["700", "0700", "2775", "000", "7777"])
def test_permissions_are_octal(load: Load, permissions: str) -> None:
    assert load(*with_field(f'directory_permissions: "{permissions}"')).storage_classes[
        0
    ].directory_permissions == (permissions)


@pytest.mark.parametrize("permissions", ["789", "70", "07000", "rwx------", "0o700", ""])
def test_permissions_that_are_not_octal_are_refused(complaints: Complaints, permissions: str) -> None:
    assert complaints(*with_field(f'directory_permissions: "{permissions}"')) == [
        f'{FILE}:19: storage_classes[0].directory_permissions: "{permissions}" is not an octal mode: '
        'write three or four octal digits in quotes, such as "700"'
    ]


@pytest.mark.parametrize("permissions", ["700", "0700"])
def test_unquoted_permissions_are_shown_as_they_were_written(
    complaints: Complaints, permissions: str
) -> None:
    assert complaints(*with_field(f"directory_permissions: {permissions}")) == [
        f"{FILE}:19: storage_classes[0].directory_permissions: {permissions} is a number, not text: "
        f'quote it: "{permissions}"'
    ]


def test_root_and_the_highest_id_may_own_a_volume(load: Load) -> None:
    owner = load(*with_field("owner: {uid: 0, gid: 4294967295}")).storage_classes[0].owner
    assert owner is not None
    assert (owner.uid, owner.gid) == (0, 4294967295)


@pytest.mark.parametrize(
    ("field", "faults"),
    [
        ("owner: {uid: -1, gid: 4294967296}", [
            "owner.uid: -1 is out of range: write a whole number from 0 to 4294967295",
            "owner.gid: 4294967296 is out of range: write a whole number from 0 to 4294967295",
        ]),
        ("owner: {uid: 1000}", ["owner.gid: is missing: write it, such as 0"]),
        ("owner: {gid: 1000}", ["owner.uid: is missing: write it, such as 50000"]),
        ('owner: {uid: "1000", gid: 0}', [
            'owner.uid: "1000" is not a whole number: write a whole number, without quotes'
        ]),
        ("owner: {uid: 1.5, gid: true}", [
            "owner.uid: 1.5 is not a whole number: write a whole number, without quotes",
            "owner.gid: true is not a whole number: write a whole number, without quotes",
        ]),
        ("gid_range: {start: 0, end: 10}", [
            "gid_range.start: 0 is out of range: write a whole number from 1 to 4294967295"
        ]),
        ("gid_range: {start: 10, end: 10}", [
            "gid_range.end: 10 is not more than start, 10: write a larger number"
        ]),
        ("gid_range: {start: 10}", ["gid_range.end: is missing: write it, such as 2000"]),
        ("ensure_unique_directory: false", [
            "ensure_unique_directory: false is ignored by the driver without sub_path_pattern: "
            "write a sub_path_pattern, or remove ensure_unique_directory"
        ]),
        ("reclaim_policy: Recycle", [
            'reclaim_policy: "Recycle" is not one of the choices: write Delete or Retain'
        ]),
        ("labels: {-a: b, team: -x}", [
            'labels.-a: key "-a" is not a label key that Kubernetes accepts: '
            "write NAME or DOMAIN/NAME, the name of at most 63 letters, digits and -_.",
            'labels.team: "-x" is not a label value that Kubernetes accepts: write at most 63 '
            'letters, digits '
            "and -_., beginning and ending with a letter or a digit",
        ]),
        ("allow_volume_expansion: true", [
            "allow_volume_expansion: is not a known key: known here: name, base_path, "
            "directory_permissions, owner, "
            "gid_range, sub_path_pattern, ensure_unique_directory, reuse_access_point, mount_options, "
            "reclaim_policy, volume_binding_mode, default, labels, annotations, adopt"
        ]),
    ],
)  # fmt: skip
def test_what_the_driver_or_kubernetes_would_refuse_is_refused(
    complaints: Complaints, field: str, faults: list[str]
) -> None:
    assert complaints(*with_field(field)) == [f"{FILE}:19: storage_classes[0].{fault}" for fault in faults]


def test_a_range_may_hold_two_ids(load: Load) -> None:
    gid_range = load(*with_field("gid_range: {start: 1, end: 2}")).storage_classes[0].gid_range
    assert gid_range is not None
    assert (gid_range.start, gid_range.end) == (1, 2)


def test_labels_may_have_a_domain(load: Load) -> None:
    labels = {"app.kubernetes.io/part-of": "airflow", "empty": ""}
    assert load(*with_field("labels: {app.kubernetes.io/part-of: airflow, empty: ''}")).storage_classes[
        0
    ].labels == (labels)


@pytest.mark.parametrize("name", ["EFS", "efs_sc", "-efs", "efs-", "efs..sc", "efs/sc", ""])
def test_a_class_has_a_name_that_kubernetes_accepts(complaints: Complaints, name: str) -> None:
    [line, *_] = complaints("  - name: efs-sc", f'  - name: "{name}"')
    assert line == (
        f'{FILE}:17: storage_classes[0].name: "{name}" is not a name that Kubernetes accepts: '
        "use lower-case letters, digits, - and ., and begin and end with a letter or a digit"
    )


def test_a_name_has_at_most_253_characters(load: Load, complaints: Complaints) -> None:
    assert load("  - name: logs", f"  - name: {'n' * 253}").claims[0].name == "n" * 253
    [line] = complaints("  - name: logs", f"  - name: {'n' * 254}")
    assert line.endswith(" has 254 characters, 253 are allowed: write a shorter one")


def test_two_classes_do_not_share_a_name(complaints: Complaints) -> None:
    assert complaints("claims:", "  - name: efs-sc\nclaims:") == [
        f'{FILE}:19: storage_classes[1].name: "efs-sc" is the name of two classes, '
        "first of storage_classes[0]: give each class its own name"
    ]


def test_one_class_may_be_the_default(load: Load) -> None:
    assert load(*with_field("default: true")).storage_classes[0].default is True


def test_two_classes_may_not_be_the_default(complaints: Complaints) -> None:
    two = f"{PATH}\n    default: true\n  - name: other\n    default: true"
    assert complaints(PATH, two) == [
        f"{FILE}:21: storage_classes[1].default: true makes a second default class beside "
        f"storage_classes[0]: "
        "keep one default class"
    ]


@pytest.mark.parametrize(
    ("options", "place", "fault"),
    [
        ("[]", "", "lacks tls, without which the file system's policy refuses a mount: add tls"),
        ("[iam]", "", "lacks tls, without which the file system's policy refuses a mount: add tls"),
        ("[tls, noresvprt]", "[1]", '"noresvprt" is not a known mount option: did you mean "noresvport"?'),
        ("[tls, tls]", "[1]", '"tls" repeats mount_options[0]: remove one of the two'),
        ("[tls, hard, soft]", "[2]", '"soft" contradicts hard: remove one of the two'),
        ("[tls, notls]", "[1]", '"notls" turns off the encryption that the file system\'s policy '
        'demands: remove it'),
        ("[tls, accesspoint=fsap-1]", "[1]", '"accesspoint=fsap-1" is chosen by the driver for each '
        'volume: remove it'),
        ("[tls, awscredsuri=/x]", "[1]", '"awscredsuri=/x" is ignored by the driver: remove it'),
        ("[tls, iam=yes]", "[1]", '"iam=yes" has a value, but the option takes none: write iam'),
        ("[tls, rsize]", "[1]", '"rsize" does not have a value that the option takes: write rsize=NUMBER'),
        ("[tls, lookupcache=some]", "[1]", '"lookupcache=some" does not have a value that the option takes: '
         "write lookupcache=all or lookupcache=none or lookupcache=pos or lookupcache=positive"),
        ("[tls, nfsvers=3]", "[1]", '"nfsvers=3" does not have a value that the option takes: '
         "write nfsvers=4.0 or nfsvers=4.1"),
        ("tls", "", '"tls" is not a list: write [tls]'),
        (r'"\n"', "", r'"\n" is not a list: write […]'),
    ],
)  # fmt: skip
def test_mount_options_that_would_not_mount_are_refused(
    complaints: Complaints, options: str, place: str, fault: str
) -> None:
    assert complaints(*with_field(f"mount_options: {options}")) == [
        f"{FILE}:19: storage_classes[0].mount_options{place}: {fault}"
    ]


def test_an_option_like_no_other_gets_the_whole_list(complaints: Complaints) -> None:
    [line] = complaints(*with_field("mount_options: [tls, xyzzy]"))
    assert line.startswith(
        f'{FILE}:19: storage_classes[0].mount_options[1]: "xyzzy" is not a known mount option: use only '
    )


def test_a_class_that_is_adopted_may_have_no_mount_options(load: Load) -> None:
    (adopted,) = load(*with_field("mount_options: []\n    adopt: true")).storage_classes
    assert adopted.mount_options == ()


def test_an_adopted_class_with_options_has_tls_among_them(complaints: Complaints) -> None:
    (line,) = complaints(*with_field("mount_options: [hard]\n    adopt: true"))
    assert "storage_classes[0].mount_options: lacks tls" in line


def test_useful_mount_options_are_accepted(load: Load) -> None:
    options = "[tls, iam, noresvport, lookupcache=pos, nfsvers=4.1, timeo=600, actimeo=0]"
    assert len(load(*with_field(f"mount_options: {options}")).storage_classes[0].mount_options) == 7


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("airflow", "is not an absolute path: begin it with /"),
        ("", "is not an absolute path: begin it with /"),
        ("/airflow/", "has a slash too many: write /airflow"),
        ("//airflow", "has a slash too many: write /airflow"),
        ("/a/../b", "has the directory . or ..: write /b"),
        ("/a/./b", "has the directory . or ..: write /a/b"),
        ("/.airflow", "has a directory that begins with a dot, which EFS refuses: rename it"),
        ("/air$flow", "has $, which EFS refuses in a path: remove it"),
        ("/${.PVC.name}", "has $, which EFS refuses in a path: remove it"),
        ("/a/b/c/d", "makes the path of a volume 5 directories deep, EFS allows 4: remove a directory"),
    ],
)
def test_base_paths_that_efs_would_refuse_are_refused(complaints: Complaints, path: str, fault: str) -> None:
    assert complaints("base_path: /airflow", f'base_path: "{path}"') == [
        f'{FILE}:18: storage_classes[0].base_path: "{path}" {fault}'
    ]


def test_a_base_path_may_be_3_directories_deep(load: Load) -> None:
    assert load("base_path: /airflow", "base_path: /a/b/c").storage_classes[0].base_path == "/a/b/c"


def test_a_base_path_may_have_59_characters_and_not_60(load: Load, complaints: Complaints) -> None:
    longest = "/" + "a" * 58
    assert load("base_path: /airflow", f"base_path: {longest}").storage_classes[0].base_path == longest
    assert complaints("base_path: /airflow", f"base_path: {longest}a") == [
        f'{FILE}:18: storage_classes[0].base_path: "{longest}a" makes the path of a volume at least '
        f"101 characters long, "
        "EFS allows 100: write a shorter one"
    ]


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("${.PVC.nam}", "has the unknown variable ${.PVC.nam}: use only ${.PVC.name}, "
        "${.PVC.namespace}, ${.PV.name}"),
        ("${PVC.name}", "has the unknown variable ${PVC.name}: use only ${.PVC.name}, "
        "${.PVC.namespace}, ${.PV.name}"),
        ("x-${.PVC.name", "has the unknown variable ${.PVC.name: use only ${.PVC.name}, "
        "${.PVC.namespace}, ${.PV.name}"),
        ("${.PVC.name}}", "has }, which EFS refuses in a path: remove it"),
        ("", "is empty: write a path such as ${.PVC.namespace}/${.PVC.name}"),
        ("/${.PVC.name}", "begins with /, but is relative to base_path: remove the /"),
        ("${.PVC.name}/../x", "has the directory . or ..: write x"),
        ("../${.PVC.name}", "has the directory . or ..: write ${.PVC.name}"),
        ("..", "has the directory . or ..: write a path such as ${.PVC.namespace}/${.PVC.name}"),
        ("a/b/c/${.PVC.name}", "makes the path of a volume 5 directories deep, EFS allows 4: remove "
        "a directory"),
        ("${.PV.name}/${.PV.name}", "makes the path of a volume at least 127 characters long, EFS "
        "allows 100: "
         "write a shorter one"),
    ],
)  # fmt: skip
def test_patterns_that_the_driver_or_efs_would_refuse_are_refused(
    complaints: Complaints, pattern: str, fault: str
) -> None:
    assert complaints(*with_field(f'sub_path_pattern: "{pattern}"')) == [
        f'{FILE}:19: storage_classes[0].sub_path_pattern: "{pattern}" {fault}'
    ]


def test_the_length_of_a_path_counts_in_bytes_as_the_driver_counts(complaints: Complaints) -> None:
    path = "/" + "é" * 30
    assert complaints("base_path: /airflow", f"base_path: {path}") == [
        f'{FILE}:18: storage_classes[0].base_path: "{path}" makes the path of a volume at least 102 '
        f"characters long, "
        "EFS allows 100: write a shorter one"
    ]


def test_a_pattern_of_claim_and_namespace_is_accepted(load: Load) -> None:
    pattern = "${.PVC.namespace}/${.PVC.name}"
    fields = f'sub_path_pattern: "{pattern}"\n    ensure_unique_directory: false'
    assert load(*with_field(fields)).storage_classes[0].sub_path_pattern == pattern


def test_a_claim_whose_name_makes_the_path_too_long_is_refused(complaints: Complaints) -> None:
    name = "n" * 55
    assert complaints(
        *with_field('sub_path_pattern: "${.PVC.name}"'), "  - name: logs", f"  - name: {name}"
    ) == [
        f'{FILE}:21: claims[0].name: "{name}" of class efs-sc makes the path of a volume 101 '
        f"characters long, "
        "EFS allows 100: shorten the name, or the paths of the class"
    ]


directories = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789_-", min_size=1, max_size=60)


@given(st.lists(directories, max_size=6))
def test_a_base_path_is_accepted_exactly_when_the_volume_below_it_fits(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    volume = f"{path.rstrip('/')}/pvc-00000000-0000-0000-0000-000000000000"
    fits = len(volume) <= LONGEST and volume.count("/") <= DEEPEST
    faults = [*base_path_faults(path), *volume_path_faults(path, None, unique=True)]
    assert fits == (not faults)


@given(st.text(max_size=30))
def test_what_is_accepted_as_a_base_path_matches_the_pattern_of_the_efs_api(path: str) -> None:
    # RootDirectory.Path of CreateAccessPoint, as botocore's service model has it.
    pattern = r"^(\/|(\/(?!\.)+[^$#<>;`|&?{}^*/\n]+){1,4})$"
    faults = [*base_path_faults("/" + path), *volume_path_faults("/" + path, None, unique=True)]
    assert faults or re.match(pattern, "/" + path)


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (
            "storageclass.kubernetes.io/is-default-class",
            "is what default says: write default: true instead",
        ),
        ("helm.sh/hook", "belongs to Helm: remove it"),
    ],
)
def test_annotations_that_mean_something_here_are_refused(
    complaints: Complaints, key: str, fault: str
) -> None:
    assert complaints(*with_field(f'annotations: {{{key}: "true"}}')) == [
        f"{FILE}:19: storage_classes[0].annotations.{key}: {key} {fault}"
    ]


def test_an_annotation_has_a_key_that_kubernetes_accepts(complaints: Complaints) -> None:
    assert complaints(*with_field('annotations: {-a: "b"}')) == [
        f'{FILE}:19: storage_classes[0].annotations.-a: key "-a" is not an annotation key that Kubernetes '
        "accepts: write NAME or DOMAIN/NAME, the name of at most 63 letters, digits and -_."
    ]


def test_annotations_are_not_larger_than_kubernetes_allows(complaints: Complaints) -> None:
    [line] = complaints(*with_field(f'annotations: {{a: "{"x" * 262144}"}}'))
    assert line == (
        f"{FILE}:19: storage_classes[0].annotations: has 262145 bytes, 262144 are allowed: write less"
    )


def test_a_class_is_not_adopted_by_default(load: Load) -> None:
    assert load().storage_classes[0].adopt is False
