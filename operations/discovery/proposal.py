"""From what was found to an environment: its fields, and what was chosen for them and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from operations.discovery.account import Account
from operations.discovery.adoption import adopt, choose_file_system
from operations.discovery.choices import Decisions, choose_security_groups, choose_subnets
from operations.discovery.cluster import OIDC_PROVIDERS, describe_cluster, read_cluster
from operations.discovery.cluster_view import ClusterView, view_cluster
from operations.discovery.driver import read_driver, why_no_roles
from operations.discovery.file_systems import (
    class_names,
    read_file_systems,
    read_mount_targets,
    read_storage_classes,
)
from operations.discovery.findings import (
    Choice,
    ClusterFound,
    DiscoveryError,
    DriverFound,
    FileSystemFound,
    NodeGroupFound,
    Problem,
    Report,
    SubnetFound,
)
from operations.discovery.handler_access import choose_access, choose_handler_network
from operations.discovery.nodes import read_node_groups, read_nodes
from operations.discovery.subnets import read_subnets
from settings.versions import CLUSTER_VERSIONS

_CLASS = "efs-sc"
_AIRFLOW = {"uid": 50000, "gid": 0}
"""The user of Airflow's images."""


@dataclass(kw_only=True)
class Proposal:
    """The report, and what its file needs besides: which subnet was chosen for each zone."""

    report: Report
    chosen_subnets: tuple[SubnetFound, ...] = field(default=())


def discover_cluster(
    *,
    cluster: str,
    region: str,
    subnet_tags: Sequence[str] = (),
    environment: str | None = None,
    adopting: bool = False,
    file_system: str | None = None,
) -> Proposal:
    """Read a cluster and propose an environment for it.

    Args:
        cluster: its name.
        region: its region.
        subnet_tags: choose among subnets with one of these tags only; KEY=VALUE or KEY. Default: all.
        environment: the name that the environment will have, where it is known: what its own stack made is
            then no conflict.
        adopting: refer to the file system, driver, classes and claims that are there, in the place of new
            ones. Default: False.
        file_system: with that, the file system. Default: the one that the cluster's classes name.

    Raises:
        DiscoveryError: no environment fits; the text says what to do.
        ClientError: AWS refuses what discovery cannot do without.
    """
    account = Account(region)
    described = describe_cluster(account, cluster)
    found = read_cluster(account, described)
    _refuse_what_no_environment_can_say(found)
    view = view_cluster(described, region, with_claims=adopting)
    nodes = read_nodes(account, found, view.instance_ids)
    groups = (*read_node_groups(account, found), *_node_classes(view))
    subnets = read_subnets(account, found, nodes, groups)
    classes = read_storage_classes(view)
    file_systems = read_file_systems(account, cluster, classes or ())
    driver = read_driver(account, cluster, view)

    decisions = Decisions()
    chosen = choose_subnets(found, subnets, subnet_tags, decisions)
    node_groups_security = choose_security_groups(found, nodes, groups, decisions)
    access = choose_access(account, found, view, decisions)
    network = choose_handler_network(found, subnets, decisions)
    if driver.identity != "pod-identity":
        _check_provider(account, found, decisions)
    _check_fargate(view, decisions)
    storage: dict[str, Any]
    if adopting:
        system = choose_file_system(view, file_systems, file_system)
        adopted = adopt(
            found,
            view,
            system=system,
            targets=read_mount_targets(account, system.id),
            driver=driver,
            chosen=chosen,
            subnets=subnets,
            decisions=decisions,
        )
        chosen = adopted.subnets
        storage = {
            "file_system": adopted.file_system,
            **({"driver": adopted.driver} if adopted.driver else {}),
            "storage_classes": adopted.storage_classes,
            **({"claims": adopted.claims} if adopted.claims else {}),
        }
    else:
        storage = {
            "file_system": {"name": _file_system_name(found, file_systems or (), environment, decisions)},
            **driver_fields(driver, environment, decisions),
            "storage_classes": [
                {"name": _class_name(view, decisions), "base_path": "/airflow", "owner": dict(_AIRFLOW)}
            ],
        }
    fields: dict[str, Any] = {
        "account": found.account,
        "region": region,
        "cluster": {
            "name": found.name,
            "version": found.version,
            "oidc_issuer": found.oidc_issuer,
            "access": access,
            "vpc": {"id": found.vpc_id, "cidrs": list(found.vpc_cidrs)},
            "subnets": [{"id": one.id, "availability_zone": one.availability_zone} for one in chosen],
            "node_security_groups": list(node_groups_security),
            "node_zones": [one.availability_zone for one in chosen],
        },
        **storage,
    }
    if network is not None:
        fields["cluster"]["handler_network"] = network
    report = Report(
        cluster=found,
        subnets=subnets,
        nodes=nodes,
        node_groups=groups,
        driver=driver,
        storage_classes=classes,
        file_systems=file_systems,
        choices=tuple(decisions.choices),
        problems=tuple(decisions.problems),
        unseen=(*account.unseen, *view.unseen),
        environment=fields,
    )
    return Proposal(report=report, chosen_subnets=chosen)


def _refuse_what_no_environment_can_say(cluster: ClusterFound) -> None:
    if cluster.version not in CLUSTER_VERSIONS:
        raise DiscoveryError(
            f'cluster "{cluster.name}" has version {cluster.version}, which no kubectl layer of this project '
            f"serves: upgrade it to one of {CLUSTER_VERSIONS[0]} to {CLUSTER_VERSIONS[-1]}"
        )
    if cluster.oidc_issuer is None:
        raise DiscoveryError(f'cluster "{cluster.name}" has no OIDC issuer: it is no EKS cluster in a region')


def _node_classes(view: ClusterView) -> tuple[NodeGroupFound, ...]:
    return tuple(
        NodeGroupFound(
            name=one["metadata"]["name"],
            kind="node-class",
            subnets=tuple(subnet["id"] for subnet in (one.get("status") or {}).get("subnets") or ()),
            security_groups=tuple(
                sorted(group["id"] for group in (one.get("status") or {}).get("securityGroups") or ())
            ),
        )
        for one in view.node_classes
    )


def _check_provider(account: Account, cluster: ClusterFound, decisions: Decisions) -> None:
    if cluster.oidc_provider_arn or any(one.what == OIDC_PROVIDERS for one in account.unseen):
        return
    decisions.problems.append(
        Problem(
            severity="error",
            field="cluster.oidc_issuer",
            what="IAM has no OIDC provider for the cluster's issuer: the driver could not assume its roles",
            cure=f"eksctl utils associate-iam-oidc-provider --cluster {cluster.name} "
            f"--region {cluster.region} --approve",
        )
    )


def _check_fargate(view: ClusterView, decisions: Decisions) -> None:
    if view.fargate_nodes:
        decisions.problems.append(
            Problem(
                severity="warning",
                what=f"{view.fargate_nodes} nodes are on Fargate: no volume is provisioned dynamically there",
                cure="run pods with claims of these classes on EC2 nodes",
            )
        )


def _file_system_name(
    cluster: ClusterFound,
    systems: Sequence[FileSystemFound],
    environment: str | None,
    decisions: Decisions,
) -> str:
    foreign = [one for one in systems if environment is None or one.environment != environment]
    if foreign:
        decisions.choices.append(
            Choice(
                field="file_system",
                chose="a new file system",
                why="what is there is never taken over without your word, --adopt",
                instead_of=tuple(f"{one.id} ({one.name or 'no name'}, {one.why})" for one in foreign),
            )
        )
    return f"airflow-{cluster.name}"


def _class_name(view: ClusterView, decisions: Decisions) -> str:
    taken = class_names(view)
    if _CLASS not in taken:
        return _CLASS
    name = next(name for number in range(2, len(taken) + 3) if (name := f"{_CLASS}-{number}") not in taken)
    decisions.choices.append(
        Choice(
            field="storage_classes", chose=name, why=f"the cluster has a class {_CLASS}", instead_of=(_CLASS,)
        )
    )
    return name


def driver_fields(driver: DriverFound, environment: str | None, decisions: Decisions) -> dict[str, Any]:
    """What an environment says of a driver: nothing where its own stack installs it.

    Args:
        driver: the driver that was found.
        environment: the name of the environment, where there is one already.
        decisions: takes the choice, and what is wrong.
    """
    if driver.install in ("none", "leftover", "unknown"):
        return {}
    if environment is not None and driver.environment == environment:
        return {}  # its own stack has installed it
    there = f"the cluster has the driver already: {describe_driver(driver)}"
    decisions.choices.append(
        Choice(
            field="driver", chose="the driver that is there", why=there, instead_of=("a second installation",)
        )
    )
    fields: dict[str, Any] = {"install": "existing"}
    if driver.identity:
        fields["identity"] = driver.identity
    if (problem := why_no_roles(driver)) is not None:
        fields["make_roles"] = False
        decisions.problems.append(problem)
    if driver.environment is not None:
        decisions.problems.append(
            Problem(
                severity="warning",
                field="driver",
                what=f"the driver's role is of environment {driver.environment}, and reaches its file system "
                "alone: claims on another one stay Pending",
                cure="attach a policy to the role that lets it make access points on the new one, too; "
                f"or keep these classes in {driver.environment}, or refer to its file system by "
                "file_system.existing",
            )
        )
    return {"driver": fields}


def describe_driver(driver: DriverFound) -> str:
    """How it was installed, which version, as whom."""
    how = {
        "helm": "by Helm",
        "addon": "as the EKS add-on",
        "manual": "by hand, without Helm",
        "leftover": "only its CSIDriver object",
        "none": "not there",
        "unknown": "not seen",
    }[driver.install]
    parts = [how, driver.detail, driver.version and f"version {driver.version}"]
    if driver.role_arn:
        parts.append(f"role {driver.role_arn.rpartition('/')[2]} by {driver.identity}")
    if driver.environment:
        parts.append(f"of environment {driver.environment}")
    return ", ".join(part for part in parts if part)
