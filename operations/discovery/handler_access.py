"""How the deployment's own function reaches the cluster, and is let in."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import yaml

from operations.discovery.account import Account
from operations.discovery.choices import Decisions
from operations.discovery.cluster_view import ClusterView
from operations.discovery.findings import Choice, ClusterFound, Problem, SubnetFound

_MASTERS = "system:masters"
_EVERYWHERE = {"0.0.0.0/0", "::/0"}


def choose_access(
    account: Account, cluster: ClusterFound, view: ClusterView, decisions: Decisions
) -> dict[str, Any]:
    """The value of `cluster.access`: an access entry, or a role that an old cluster trusts already."""
    if cluster.authentication_mode != "CONFIG_MAP":
        return {"entry": True}
    roles = _usable_roles(account, view)
    if roles:
        decisions.choices.append(
            Choice(
                field="cluster.access",
                chose=roles[0],
                why="the cluster knows no access entries (CONFIG_MAP); aws-auth makes this role an "
                "administrator, and Lambda may assume it",
                instead_of=tuple(roles[1:]),
            )
        )
        return {"role_arn": roles[0]}
    decisions.problems.append(
        Problem(
            severity="error",
            field="cluster.access",
            what="the cluster knows no access entries (authentication mode CONFIG_MAP), and no role was seen "
            "that aws-auth makes an administrator and that Lambda may assume",
            cure=f"aws eks update-cluster-config --name {cluster.name} --access-config "
            "authenticationMode=API_AND_CONFIG_MAP, or write {role_arn: …} of such a role",
        )
    )
    return {"entry": True}


def _usable_roles(account: Account, view: ClusterView) -> list[str]:
    roles = []
    for row in _rows(view.aws_auth or ""):
        if _MASTERS not in (row.get("groups") or ()):
            continue
        name = str(row.get("rolearn", "")).rpartition("/")[2]
        role = account.attempt(f"the role {name}", partial(_role, account, name), cure="allow iam:GetRole")
        if role and _lambda_may_assume(role["AssumeRolePolicyDocument"]):
            roles.append(str(role["Arn"]))
    return roles


def _role(account: Account, name: str) -> Any:
    return account.iam.get_role(RoleName=name)["Role"]


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        rows = yaml.safe_load(text)
    except yaml.YAMLError:
        return []  # the cluster cannot read it either
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _lambda_may_assume(document: Any) -> bool:
    statements = document["Statement"] if isinstance(document, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        services = (
            (statement.get("Principal") or {}).get("Service", []) if statement["Effect"] == "Allow" else []
        )
        if "lambda.amazonaws.com" in ([services] if isinstance(services, str) else services):
            return True
    return False


def choose_handler_network(
    cluster: ClusterFound, subnets: Sequence[SubnetFound], decisions: Decisions
) -> dict[str, Any] | None:
    """Where in the VPC the function must run; None: anywhere, because the endpoint is public.

    Args:
        cluster: the cluster.
        subnets: the subnets of its VPC.
        decisions: receives what was decided.
    """
    if cluster.endpoint_public and _EVERYWHERE & set(cluster.public_access_cidrs):
        return None
    limits = (
        f"is public for {', '.join(cluster.public_access_cidrs)} only"
        if cluster.endpoint_public
        else "is private"
    )
    private = _one_private_subnet_a_zone(subnets)
    if cluster.endpoint_private and private and cluster.cluster_security_group:
        decisions.choices.append(
            Choice(
                field="cluster.handler_network",
                chose=f"{', '.join(private)} with {cluster.cluster_security_group}",
                why=f"the cluster's endpoint {limits}, so the function runs in private subnets of the VPC",
            )
        )
        return {"subnets": private, "security_group": cluster.cluster_security_group}
    decisions.problems.append(
        Problem(
            severity="error",
            field="cluster.access",
            what=f"the cluster's endpoint {limits}: the deployment's function does not reach it",
            cure="make the endpoint public for the deployment",
        )
    )
    return None


def _one_private_subnet_a_zone(subnets: Sequence[SubnetFound]) -> list[str]:
    first: dict[str, SubnetFound] = {}
    for one in sorted(subnets, key=lambda one: (-one.available_addresses, one.id)):
        if one.public is False:
            first.setdefault(one.availability_zone, one)
    return [first[zone].id for zone in sorted(first)]
