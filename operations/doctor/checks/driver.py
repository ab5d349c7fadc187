"""The driver: is it there, ready in every zone, and let into AWS."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes import client as kubernetes

from operations.doctor.installation import (
    DRIVER_NAMESPACE,
    NODE_PODS,
    ZONE_LABEL,
    Installation,
    NotThereError,
    Thing,
)
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from operations.trace import DRIVER
from rehearsal.account.policies import Request, is_allowed

_ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
_DRIVER_TAG = "efs.csi.aws.com/cluster"
_HALVES = (
    ("efs-csi-controller-sa", "ControllerRoleArn"),
    ("efs-csi-node-sa", "NodeRoleArn"),
)
"""Service account of each half of the driver, and the stack's output with its role."""


@check("driver-missing", Severity.ERROR, "Is the driver in the cluster?", when=When.AFTER)
def exists(installation: Installation) -> Iterator[Problem]:
    """Its two workloads and its registration."""
    storage = kubernetes.StorageV1Api(installation.api)
    parts = {
        f"Deployment {DRIVER_NAMESPACE}/efs-csi-controller": installation.driver_controller,
        f"DaemonSet {DRIVER_NAMESPACE}/efs-csi-node": installation.driver_nodes,
        f"CSIDriver {DRIVER}": installation.read(storage.read_csi_driver, DRIVER),
    }
    for name, thing in parts.items():
        if thing is None:
            yield Problem(
                what=f"the driver's {name.split()[0]} is gone",
                where=name,
                cure="helm upgrade --reuse-values, or change driver.chart_version and deploy: "
                "CloudFormation does not notice that it is gone",
            )


@check("no-nodes", Severity.WARNING, "Are there nodes on which the driver could run?", when=When.AFTER)
def nodes(installation: Installation) -> Iterator[Problem]:
    """Without a node nothing of the driver runs, and nothing of it can be checked."""
    if not installation.nodes:
        yield Problem(
            what="the cluster has no node that is ready: whether the driver works cannot be seen",
            where=f"cluster {installation.environment.cluster.name}",
            cure="start a node and ask again",
        )


@check("controller-not-ready", Severity.ERROR, "Does the driver's controller run?", when=When.AFTER)
def controller(installation: Installation) -> Iterator[Problem]:
    """Without it claims stay Pending."""
    deployment = installation.driver_controller
    if deployment is None:
        raise NotThereError("driver-missing")
    if not installation.nodes:
        raise NotThereError("no-nodes")
    wanted = deployment["spec"].get("replicas", 1)
    if wanted == 0:
        yield Problem(
            what="the driver's controller is scaled to zero; claims stay Pending",
            where=f"Deployment {DRIVER_NAMESPACE}/efs-csi-controller",
            cure=f"kubectl -n {DRIVER_NAMESPACE} scale deployment efs-csi-controller --replicas=2",
        )
    elif not (deployment.get("status") or {}).get("readyReplicas"):
        yield Problem(
            what=f"none of the {wanted} pods of the driver's controller is ready; claims stay Pending",
            where=f"Deployment {DRIVER_NAMESPACE}/efs-csi-controller",
            cure=f"kubectl -n {DRIVER_NAMESPACE} describe pods -l app=efs-csi-controller says why",
        )


@check("driver-not-ready-in-zone", Severity.ERROR, "Is the driver ready on every node?", when=When.AFTER)
def node_pods(installation: Installation) -> Iterator[Problem]:
    """A pod of the driver that is ready on each node, and its registration with the kubelet."""
    if installation.driver_nodes is None:
        raise NotThereError("driver-missing")
    core, storage = kubernetes.CoreV1Api(installation.api), kubernetes.StorageV1Api(installation.api)
    pods = installation.all_of(core.list_namespaced_pod, DRIVER_NAMESPACE, label_selector=NODE_PODS)
    ready = {pod["spec"].get("nodeName") for pod in pods if _is_ready(pod)}
    registered = {
        one["metadata"]["name"]
        for one in installation.all_of(storage.list_csi_node)
        if any(driver["name"] == DRIVER for driver in one["spec"].get("drivers") or [])
    }
    without: dict[str, list[str]] = defaultdict(list)
    for node in installation.nodes:
        name = node["metadata"]["name"]
        if name not in ready or name not in registered:
            without[(node["metadata"].get("labels") or {}).get(ZONE_LABEL, "no zone")].append(name)
    for zone, names in sorted(without.items()):
        yield Problem(
            what=f"the driver is not ready on {len(names)} node{'s' if len(names) > 1 else ''} of {zone}; "
            "pods there stay in ContainerCreating",
            where=", ".join(sorted(names)[:5]),
            cure=f"kubectl -n {DRIVER_NAMESPACE} get pods -l {NODE_PODS} -o wide; "
            "a taint that the DaemonSet does not tolerate is the usual reason",
        )


@check("driver-role-annotation", Severity.ERROR, "Have the service accounts their roles?", when=When.AFTER)
def annotations(installation: Installation) -> Iterator[Problem]:
    """The annotation by which EKS gives a pod its credentials."""
    core = kubernetes.CoreV1Api(installation.api)
    for account, output in _HALVES:
        wanted = installation.outputs.get(output)
        if wanted is None:
            continue
        found = installation.read(core.read_namespaced_service_account, account, DRIVER_NAMESPACE)
        has = ((found or {}).get("metadata", {}).get("annotations") or {}).get(_ROLE_ANNOTATION)
        if has != wanted:
            yield Problem(
                what=f"service account {account} has the role {has or 'none'}, not {wanted}",
                where=f"ServiceAccount {DRIVER_NAMESPACE}/{account}, {_ROLE_ANNOTATION}",
                cure=f"kubectl -n {DRIVER_NAMESPACE} annotate --overwrite serviceaccount {account} "
                f"{_ROLE_ANNOTATION}={wanted}, and restart the driver's pods",
            )


@check("driver-role-missing", Severity.ERROR, "Do the driver's roles exist?", when=When.AFTER)
def roles(installation: Installation) -> Iterator[Problem]:
    """The roles that the stack made."""
    for _, output in _HALVES:
        arn = installation.outputs.get(output)
        if arn is not None and _role(installation, arn) is None:
            yield Problem(
                what=f"the role {arn} is gone",
                where=f"stack {installation.stack_name}, {output}",
                cure="take a fixed role_name for it in the environment and deploy: that makes it anew",
            )


@check("driver-role-trust", Severity.ERROR, "May the service accounts take their roles?", when=When.AFTER)
def trust(installation: Installation) -> Iterator[Problem]:
    """The trust policy: this issuer, this service account, this audience."""
    environment = installation.environment
    issuer = environment.cluster.oidc_issuer.removeprefix("https://")
    provider = f"arn:{environment.partition}:iam::{environment.account}:oidc-provider/{issuer}"
    for account, output in _HALVES:
        arn = installation.outputs.get(output)
        if arn is None:
            continue
        role = _role(installation, arn)
        if role is None:
            raise NotThereError("driver-role-missing")
        request = Request(
            action="sts:AssumeRoleWithWebIdentity",
            federated=provider,
            context={
                f"{issuer}:sub": f"system:serviceaccount:{DRIVER_NAMESPACE}:{account}",
                f"{issuer}:aud": "sts.amazonaws.com",
            },
        )
        if not is_allowed(request, [role["AssumeRolePolicyDocument"]]):
            yield Problem(
                what=f"the role of {account} does not trust that service account of this cluster",
                where=f"trust policy of {arn}",
                cure="set the trust policy back to the template's: provider "
                f"{provider}, sub system:serviceaccount:{DRIVER_NAMESPACE}:{account}, aud sts.amazonaws.com",
            )


@check("driver-role-rights", Severity.ERROR, "May the driver make and delete access points?", when=When.AFTER)
def rights(installation: Installation) -> Iterator[Problem]:
    """The policies of the controller's role, evaluated for what it does."""
    arn = installation.outputs.get("ControllerRoleArn")
    if arn is None:
        return
    if _role(installation, arn) is None:
        raise NotThereError("driver-role-missing")
    documents = list(_policies(installation, arn.rpartition("/")[2]))
    missing = [
        request.action
        for request in _what_the_controller_does(installation)
        if not is_allowed(request, documents)
    ]
    if missing:
        yield Problem(
            what=f"the role of the driver's controller may not call {', '.join(missing)}",
            where=arn,
            cure="attach the stack's policy again, or set it back to the template's",
        )


def _what_the_controller_does(installation: Installation) -> list[Request]:
    environment = installation.environment
    prefix = f"arn:{environment.partition}:elasticfilesystem:{environment.region}:{environment.account}"
    system = installation.outputs.get("FileSystemArn", f"{prefix}:file-system/*")
    tagged = {f"aws:RequestTag/{_DRIVER_TAG}": "true"}
    service = "elasticfilesystem"
    return [
        Request(action=f"{service}:DescribeFileSystems", resource=system),
        Request(action=f"{service}:DescribeAccessPoints", resource=system),
        Request(action=f"{service}:DescribeMountTargets", resource=system),
        Request(
            action=f"{service}:CreateAccessPoint",
            resource=system,
            context={**tagged, "aws:TagKeys": [_DRIVER_TAG]},
        ),
        Request(
            action=f"{service}:TagResource",
            resource=f"{prefix}:access-point/fsap-new",
            context={**tagged, "aws:TagKeys": [_DRIVER_TAG], f"{service}:CreateAction": "CreateAccessPoint"},
        ),
        Request(
            action=f"{service}:DeleteAccessPoint",
            resource=f"{prefix}:access-point/fsap-old",
            context={f"aws:ResourceTag/{_DRIVER_TAG}": "true"},
        ),
    ]


def _policies(installation: Installation, role: str) -> Iterator[Mapping[str, Any]]:
    iam = installation.client("iam")
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
        version = iam.get_policy_version(
            PolicyArn=attached["PolicyArn"], VersionId=policy["DefaultVersionId"]
        )
        yield version["PolicyVersion"]["Document"]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _role(installation: Installation, arn: str) -> Mapping[str, Any] | None:
    iam = installation.client("iam")
    try:
        role: Mapping[str, Any] = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return role


def _is_ready(pod: Thing) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
