"""What an environment may say of the driver: what means nothing, or cannot be, is refused."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Environment
from settings.driver import Driver

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"


def saying(driver: str) -> tuple[str, str]:
    return "account:", f"driver: {{{driver}}}\naccount:"


def test_the_chart_with_irsa_is_the_default(load: Load) -> None:
    driver = load().driver
    assert (driver.install, driver.identity, driver.resolve_conflicts) == ("helm", "irsa", "none")
    assert (driver.removal, driver.patch_existing) == ("destroy", False)


def test_every_way_goes_with_every_identity(load: Load) -> None:
    for install in ("helm", "addon", "existing"):
        for identity in ("irsa", "pod-identity"):
            driver = load(*saying(f"install: {install}, identity: {identity}")).driver
            assert (driver.install, driver.identity) == (install, identity)


@pytest.mark.parametrize(
    ("driver", "field", "value", "with_"),
    [
        ("install: addon, chart_version: 4.4.1", "chart_version", '"4.4.1"', "helm"),
        ("install: addon, metrics: true", "metrics", "true", "helm"),
        ("install: addon, image_registry: mirror.example", "image_registry", '"mirror.example"', "helm"),
        ("install: addon, provisioner: {kube_api_qps: 9}", "provisioner", "a mapping", "helm"),
        ("install: helm, resolve_conflicts: overwrite", "resolve_conflicts", '"overwrite"', "addon"),
        ("addon_version: v3.4.1-eksbuild.1", "addon_version", '"v3.4.1-eksbuild.1"', "addon"),
        ("install: existing, removal: retain", "removal", '"retain"', "helm or addon"),
        ("install: existing, controller: {replicas: 3}", "controller.replicas", "3", "helm or addon"),
        ("install: existing, node: {volumes: 9}", "node.volumes", "9", "helm or addon"),
        ("patch_existing: true", "patch_existing", "true", "existing"),
        ("make_roles: false", "make_roles", "false", "existing"),
    ],
)
def test_a_field_without_effect_is_refused(
    complaints: Complaints, driver: str, field: str, value: str, with_: str
) -> None:
    install = driver.partition("install: ")[2].partition(",")[0] or "helm"
    assert complaints(*saying(driver)) == [
        f"{FILE}:1: driver.{field}: {value} has no effect with install: {install}: "
        f"remove it, or write install: {with_}"
    ]


def test_a_driver_that_is_taken_over_is_not_deleted_by_a_rollback(complaints: Complaints, load: Load) -> None:
    moving = "install: addon, resolve_conflicts: overwrite"
    assert complaints(*saying(moving)) == [
        f'{FILE}:1: driver.resolve_conflicts: "overwrite" takes over what another installation has set, '
        "and a failed deployment would then delete it: write removal: retain beside it, until the add-on "
        "is deployed"
    ]
    assert load(*saying(f"{moving}, removal: retain")).driver.resolve_conflicts == "overwrite"


def test_names_of_roles_go_with_every_way(load: Load) -> None:
    assert load(*saying("install: existing, node: {role_name: efs-node}")).driver.node.role_name == "efs-node"


def test_the_add_on_with_irsa_has_no_role_of_the_nodes(complaints: Complaints, load: Load) -> None:
    driver = "install: addon, node: {role_name: efs-node}"
    assert complaints(*saying(driver)) == [
        f'{FILE}:1: driver.node.role_name: "efs-node" names what the add-on with irsa does not have: it '
        "takes one role for both accounts: remove it, or write identity: pod-identity"
    ]
    assert load(*saying(f"{driver}, identity: pod-identity")).driver.node.role_name == "efs-node"


@pytest.mark.parametrize("version", ["3.4.1", "v3.4.1", "v3.4-eksbuild.1", "latest"])
def test_an_add_on_has_a_version_of_eks(complaints: Complaints, version: str) -> None:
    assert complaints(*saying(f'install: addon, addon_version: "{version}"')) == [
        f'{FILE}:1: driver.addon_version: "{version}" is not a version of an EKS add-on: write one that '
        "aws eks describe-addon-versions lists, such as v3.4.1-eksbuild.1"
    ]


@pytest.mark.parametrize("registry", ["https://mirror.example", "mirror.example/", "Mirror.example"])
def test_a_registry_has_no_scheme_and_no_end(complaints: Complaints, registry: str) -> None:
    assert complaints(*saying(f'image_registry: "{registry}"')) == [
        f'{FILE}:1: driver.image_registry: "{registry}" is not a registry: write HOST or HOST/PREFIX, '
        "without a scheme and without / at the end"
    ]


def test_the_memory_of_a_node_is_that_of_its_volumes_and_mounts() -> None:
    driver = Driver.model_validate({"node": {"volumes": 20, "concurrent_mounts": 5}})
    assert driver.node.memory_request() == "390Mi"  # 20 * 12 + 5 * 30


def test_without_volumes_a_node_requests_what_is_written() -> None:
    assert Driver().node.memory_request() is None
    requests = {"resources": {"requests": {"memory": "64Mi"}}}
    assert Driver.model_validate({"node": requests}).node.memory_request() == "64Mi"


def test_memory_is_not_requested_twice(complaints: Complaints) -> None:
    node = "node: {volumes: 20, resources: {requests: {memory: 64Mi}}}"
    assert complaints(*saying(node)) == [
        f'{FILE}:1: driver.node.resources.requests.memory: "64Mi" and volumes both say how much memory is '
        "requested: remove one of them"
    ]


def test_the_memory_of_volumes_is_within_the_limit(complaints: Complaints) -> None:
    assert complaints(*saying("node: {volumes: 50, resources: {limits: {memory: 512Mi}}}")) == [
        f'{FILE}:1: driver.node.resources.limits.memory: "512Mi" is less than the 660Mi that volumes and '
        "concurrent_mounts request: write more, or remove the limit"
    ]


def test_mounts_count_with_volumes_only(complaints: Complaints) -> None:
    assert complaints(*saying("node: {concurrent_mounts: 5}")) == [
        f"{FILE}:1: driver.node.concurrent_mounts: 5 has no effect without volumes: write volumes, too"
    ]


def test_roles_whose_names_differ_in_case_only_are_one_to_iam(complaints: Complaints) -> None:
    assert complaints(*saying("controller: {role_name: efs}, node: {role_name: EFS}")) == [
        f'{FILE}:1: driver.node.role_name: "EFS" is the controller\'s name, too: write another: the '
        "roles are kept apart"
    ]


@pytest.mark.parametrize(("name", "request_", "limit"), [("cpu", "2", "1500m"), ("memory", "1Gi", "1023Mi")])
def test_a_request_is_at_most_the_limit(complaints: Complaints, name: str, request_: str, limit: str) -> None:
    resources = f'resources: {{requests: {{{name}: "{request_}"}}, limits: {{{name}: "{limit}"}}}}'
    assert complaints(*saying(f"controller: {{{resources}}}")) == [
        f'{FILE}:1: driver.controller.resources.requests.{name}: "{request_}" is more than the '
        f"limit, {limit}: write at most the limit"
    ]


@pytest.mark.parametrize(
    ("cpu", "problem"), [("much", "is not a Kubernetes quantity"), ("0", "is no processor time at all")]
)
def test_processors_are_a_quantity(complaints: Complaints, cpu: str, problem: str) -> None:
    resources = f'controller: {{resources: {{limits: {{cpu: "{cpu}"}}}}}}'
    assert complaints(*saying(resources)) == [
        f'{FILE}:1: driver.controller.resources.limits.cpu: "{cpu}" {problem}: write processors, such as 100m'
    ]


@pytest.mark.parametrize(
    ("toleration", "fault"),
    [
        (
            "{key: team, operator: Exists, value: data}",
            '.value: "data" is not compared by Exists: remove it, or write operator: Equal',
        ),
        ("{value: data}", ": compares the value of no key: write a key, or operator: Exists"),
        (
            "{key: team, value: data, seconds: 60}",
            ".seconds: 60 only goes with effect: NoExecute: write that effect, or remove it",
        ),
        (
            '{key: team, value: "data science"}',
            '.value: "data science" is not one that Kubernetes accepts for a taint: write at most 63 '
            "letters, digits and -_., beginning and ending with a letter or a digit",
        ),
        (
            '{key: "a b", operator: Exists}',
            '.key: "a b" is not a key that Kubernetes accepts for a taint: write NAME or DOMAIN/NAME',
        ),
    ],
)
def test_a_toleration_that_kubernetes_refuses_is_refused(
    complaints: Complaints, toleration: str, fault: str
) -> None:
    assert complaints(*saying(f"controller: {{tolerations: [{toleration}]}}")) == [
        f"{FILE}:1: driver.controller.tolerations[0]{fault}"
    ]


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ("patch_existing: true", "patch_existing", "true"),
        ("controller: {role_name: efs}", "controller.role_name", '"efs"'),
        ("node: {policy_name: efs}", "node.policy_name", '"efs"'),
    ],
)
def test_what_is_said_of_roles_that_are_not_made_is_refused(
    complaints: Complaints, said: str, field: str, value: str
) -> None:
    assert complaints(*saying(f"install: existing, make_roles: false, {said}")) == [
        f"{FILE}:1: driver.{field}: {value} has no effect with make_roles: false: remove one of them"
    ]


@pytest.mark.parametrize("key", ["team", "example.com/team", "a--b.example.com/Team_1"])
@pytest.mark.parametrize("value", ["", "data", "x" * 63])
def test_a_taint_that_kubernetes_accepts_is_accepted(load: Load, key: str, value: str) -> None:
    said = f'{{key: "{key}", value: "{value}"}}'
    [toleration] = load(*saying(f"node: {{tolerations: [{said}]}}")).driver.node.tolerations
    assert (toleration.key, toleration.value) == (key, value)


def test_a_toleration_is_written_as_kubernetes_writes_it(load: Load) -> None:
    said = "{key: efs.example/new, value: data, effect: NoExecute, seconds: 60}"
    [toleration] = load(*saying(f"node: {{tolerations: [{said}]}}")).driver.node.tolerations
    assert toleration.as_manifest() == {
        "key": "efs.example/new",
        "operator": "Equal",
        "value": "data",
        "effect": "NoExecute",
        "tolerationSeconds": 60,
    }


def write_archive(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as packed:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))


def test_an_archive_of_the_chart_lies_beside_the_environment(load: Load, environments: Path) -> None:
    write_archive(environments / "driver.tgz", {"aws-efs-csi-driver/Chart.yaml": "name: aws-efs-csi-driver"})
    assert load(*saying("chart_archive: driver.tgz")).chart_archive == environments / "driver.tgz"


CURE = (
    "put the chart there: helm pull aws-efs-csi-driver --repo "
    "https://kubernetes-sigs.github.io/aws-efs-csi-driver/"
)


def test_an_archive_may_name_its_folder(load: Load, environments: Path) -> None:
    chart = environments / "aws-efs-csi-driver"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("name: aws-efs-csi-driver")
    with tarfile.open(environments / "driver.tgz", "w:gz") as packed:
        packed.add(chart, arcname=chart.name)
    assert load(*saying("chart_archive: driver.tgz")).chart_archive is not None


def test_an_archive_that_is_not_there_is_refused(complaints: Complaints) -> None:
    assert complaints(*saying("chart_archive: driver.tgz")) == [
        f'{FILE}:1: driver.chart_archive: "driver.tgz" is no file beside this one: {CURE}'
    ]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"other/Chart.yaml": "name: other"}, "is no archive of the chart aws-efs-csi-driver"),
        ({"aws-efs-csi-driver/Chart.yaml": "name: other"}, "is no archive of the chart aws-efs-csi-driver"),
        (
            {"aws-efs-csi-driver/Chart.yaml": "name: aws-efs-csi-driver", "aws-efs-csi-driver/../x": ""},
            "holds aws-efs-csi-driver/../x, which is no part of a chart",
        ),
    ],
)
def test_an_archive_of_something_else_is_refused(
    complaints: Complaints, environments: Path, files: dict[str, str], problem: str
) -> None:
    write_archive(environments / "driver.tgz", files)
    assert complaints(*saying("chart_archive: driver.tgz")) == [
        f'{FILE}:1: driver.chart_archive: "driver.tgz" {problem}: {CURE}'
    ]


def test_a_file_that_is_no_archive_is_refused(complaints: Complaints, environments: Path) -> None:
    (environments / "driver.tgz").write_text("not an archive")
    assert complaints(*saying("chart_archive: driver.tgz")) == [
        f'{FILE}:1: driver.chart_archive: "driver.tgz" is no archive of the chart aws-efs-csi-driver: {CURE}'
    ]


def test_an_archive_has_a_relative_path(complaints: Complaints) -> None:
    assert complaints(*saying("chart_archive: /charts/driver.tgz")) == [
        f'{FILE}:1: driver.chart_archive: "/charts/driver.tgz" is not the path of a chart\'s archive: '
        "write the path of a .tgz file, from this file's folder"
    ]


@pytest.mark.parametrize("field", ["chart_version: 4.4.1", "chart_repository: https://charts.example.com/"])
def test_an_archive_says_its_version_itself(complaints: Complaints, field: str) -> None:
    name, _, value = field.partition(": ")
    assert complaints(*saying(f"chart_archive: driver.tgz, {field}")) == [
        f'{FILE}:1: driver.{name}: "{value}" has no effect beside chart_archive: remove one of them'
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://charts.example.com/",
        "oci://public.ecr.aws/mirror/aws-efs-csi-driver",
        "oci://registry.example:5000/aws-efs-csi-driver",
    ],
)
def test_a_chart_comes_from_a_repository_or_a_registry(load: Load, url: str) -> None:
    assert load(*saying(f'chart_repository: "{url}"')).driver.chart_repository == url


@pytest.mark.parametrize(
    "url", ["http://charts.example.com/", "oci://registry.example/charts", "s3://charts/aws-efs-csi-driver"]
)
def test_a_chart_comes_from_nowhere_else(complaints: Complaints, url: str) -> None:
    assert complaints(*saying(f'chart_repository: "{url}"')) == [
        f'{FILE}:1: driver.chart_repository: "{url}" is not the URL of a chart repository: write '
        "https://… of a Helm repository, or oci://…/aws-efs-csi-driver of a registry"
    ]
