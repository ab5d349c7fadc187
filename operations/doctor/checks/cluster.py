"""The cluster: is it the one that the environment describes, and does it let the deployment in."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from kubernetes import client as kubernetes

from operations.doctor.installation import Installation, NotThereError
from operations.doctor.registry import check
from operations.findings import Problem, Severity
from settings.versions import kubectl_layer_for

_AUDIENCE = "sts.amazonaws.com"


@check("cluster-missing", Severity.ERROR, "Does the cluster exist?")
def exists(installation: Installation) -> Iterator[Problem]:
    """The cluster's name in this account and region."""
    try:
        assert installation.cluster  # noqa: S101  # reads it
    except NotThereError as error:
        if error.because != "cluster-missing":
            raise
        environment = installation.environment
        yield Problem(
            what=f"there is no cluster {environment.cluster.name} in {environment.region}",
            where="field cluster.name",
            cure=f"aws eks list-clusters --region {environment.region} names those there are",
        )


@check("kubectl-skew", Severity.ERROR, "Is the kubectl layer within one minor version of the cluster?")
def kubectl_skew(installation: Installation) -> Iterator[Problem]:
    """The layer that the environment's version picks, and the version that the cluster has."""
    declared, actual = installation.environment.cluster.version, str(installation.cluster["version"])
    layer, minor = kubectl_layer_for(declared), int(actual.split(".")[1])
    if abs(layer - minor) > 1:
        yield Problem(
            what=f"the cluster is of version {actual}, version {declared} picks kubectl 1.{layer}: "
            "more than one minor version apart",
            where="field cluster.version",
            cure=f'write version: "{actual}"',
        )


@check("cluster-version-differs", Severity.WARNING, "Has the cluster the version that is declared?")
def version(installation: Installation) -> Iterator[Problem]:
    """A cluster that was upgraded since the environment was written."""
    declared, actual = installation.environment.cluster.version, str(installation.cluster["version"])
    layer, minor = kubectl_layer_for(declared), int(actual.split(".")[1])
    if declared != actual and abs(layer - minor) <= 1:
        yield Problem(
            what=f"the cluster is of version {actual}, the environment says {declared}",
            where="field cluster.version",
            cure=f'write version: "{actual}"',
        )


@check("vpc-mismatch", Severity.ERROR, "Is the cluster in the declared VPC?")
def vpc(installation: Installation) -> Iterator[Problem]:
    """The cluster's VPC and the environment's."""
    declared, actual = (
        installation.environment.cluster.vpc.id,
        installation.cluster["resourcesVpcConfig"].get("vpcId"),
    )
    if actual and actual != declared:
        yield Problem(
            what=f"the cluster is in {actual}, the environment names {declared}",
            where="field cluster.vpc.id",
            cure=f"write id: {actual}, with its CIDRs, subnets and security groups",
        )


@check("oidc-issuer-mismatch", Severity.ERROR, "Is the declared OIDC issuer the cluster's?")
def issuer(installation: Installation) -> Iterator[Problem]:
    """The driver's roles trust the declared issuer, its tokens are of the cluster's."""
    if not _needs_provider(installation):
        return
    declared = installation.environment.cluster.oidc_issuer
    actual = installation.cluster.get("identity", {}).get("oidc", {}).get("issuer", "")
    if actual != declared:
        yield Problem(
            what=f"the cluster's OIDC issuer is {actual or 'none'}, the environment names {declared}; "
            "the driver would not be let into AWS",
            where="field cluster.oidc_issuer",
            cure=f"write oidc_issuer: {actual}",
        )


@check("oidc-provider-missing", Severity.ERROR, "Has IAM an OIDC provider for the issuer?")
def provider(installation: Installation) -> Iterator[Problem]:
    """Without it no service account has a role."""
    if _needs_provider(installation) and _provider(installation) is None:
        yield Problem(
            what="IAM has no OIDC provider for the issuer; the driver would not be let into AWS",
            where=_provider_arn(installation),
            cure=_associate(installation),
        )


@check("oidc-provider-audience", Severity.ERROR, "Does the OIDC provider accept the tokens' audience?")
def audience(installation: Installation) -> Iterator[Problem]:
    """Tokens of service accounts are for sts.amazonaws.com."""
    if not _needs_provider(installation):
        return
    found = _provider(installation)
    if found is None:
        raise NotThereError("oidc-provider-missing")
    if _AUDIENCE not in found.get("ClientIDList", []):
        arn = _provider_arn(installation)
        yield Problem(
            what=f"the OIDC provider does not accept tokens for {_AUDIENCE}",
            where=arn,
            cure="aws iam add-client-id-to-open-id-connect-provider "
            f"--open-id-connect-provider-arn {arn} --client-id {_AUDIENCE}",
        )


@check("access-mode", Severity.ERROR, "Does the cluster know access entries, where one is to be made?")
def access_mode(installation: Installation) -> Iterator[Problem]:
    """An access entry cannot be made in a cluster that trusts by aws-auth only."""
    mode = installation.cluster.get("accessConfig", {}).get("authenticationMode")
    if installation.environment.cluster.access.entry and mode == "CONFIG_MAP":
        name = installation.environment.cluster.name
        yield Problem(
            what="the cluster's authentication mode is CONFIG_MAP: it knows no access entries",
            where="field cluster.access",
            cure=f"aws eks update-cluster-config --name {name} "
            "--access-config authenticationMode=API_AND_CONFIG_MAP, or name cluster.access.role_arn",
        )


@check("handler-role-missing", Severity.ERROR, "Does the role for the kubectl handler exist?")
def handler_role(installation: Installation) -> Iterator[Problem]:
    """The role that `cluster.access.role_arn` names."""
    arn = installation.environment.cluster.access.role_arn
    if arn is not None and _role(installation, arn) is None:
        yield Problem(
            what="the role for the kubectl handler does not exist",
            where=f"field cluster.access.role_arn, {arn}",
            cure="name a role that the cluster trusts, or write access: {entry: true}",
        )


@check("handler-role-trust", Severity.ERROR, "May Lambda assume the role for the kubectl handler?")
def handler_trust(installation: Installation) -> Iterator[Problem]:
    """The handler is a Lambda function with that role."""
    arn = installation.environment.cluster.access.role_arn
    if arn is None:
        return
    role = _role(installation, arn)
    if role is None:
        raise NotThereError("handler-role-missing")
    statements = role["AssumeRolePolicyDocument"].get("Statement", [])
    services = [
        service
        for statement in _listed(statements)
        if statement.get("Effect") == "Allow" and isinstance(statement.get("Principal"), Mapping)
        for service in _listed(statement["Principal"].get("Service", []))
    ]
    if "lambda.amazonaws.com" not in services:
        yield Problem(
            what="Lambda may not assume the role for the kubectl handler",
            where=f"trust policy of {arn}",
            cure="add lambda.amazonaws.com as a principal that may call sts:AssumeRole",
        )


@check("handler-not-trusted", Severity.ERROR, "Does the cluster trust the role for the kubectl handler?")
def handler_mapped(installation: Installation) -> Iterator[Problem]:
    """A row in aws-auth, or an access entry."""
    arn = installation.environment.cluster.access.role_arn
    if arn is None:
        return
    if _role(installation, arn) is None:
        raise NotThereError("handler-role-missing")
    mode = installation.cluster.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP")
    if mode != "API" and _is_in_aws_auth(installation, arn):
        return
    if mode != "CONFIG_MAP" and _has_entry(installation, arn):
        return
    yield Problem(
        what="the cluster trusts the role for the kubectl handler neither by aws-auth nor by an access entry",
        where=f"field cluster.access.role_arn, {arn}",
        cure="map the role to system:masters in aws-auth (without its path), "
        "or give it an access entry with AmazonEKSClusterAdminPolicy",
    )


def _needs_provider(installation: Installation) -> bool:
    # EKS Pod Identity knows neither issuer nor provider.
    return installation.environment.driver.identity == "irsa"


def _provider_arn(installation: Installation) -> str:
    environment = installation.environment
    issuer = environment.cluster.oidc_issuer.removeprefix("https://")
    return f"arn:{environment.partition}:iam::{environment.account}:oidc-provider/{issuer}"


def _provider(installation: Installation) -> Mapping[str, Any] | None:
    assert installation.caller  # noqa: S101  # in another account it would seem to be missing
    iam = installation.client("iam")
    try:
        found: Mapping[str, Any] = iam.get_open_id_connect_provider(
            OpenIDConnectProviderArn=_provider_arn(installation)
        )
    except iam.exceptions.NoSuchEntityException:
        return None
    return found


def _associate(installation: Installation) -> str:
    environment = installation.environment
    return (
        f"eksctl utils associate-iam-oidc-provider --cluster {environment.cluster.name} "
        f"--region {environment.region} --approve"
    )


def _role(installation: Installation, arn: str) -> Mapping[str, Any] | None:
    assert installation.caller  # noqa: S101
    iam = installation.client("iam")
    try:
        role: Mapping[str, Any] = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return role


def _is_in_aws_auth(installation: Installation, arn: str) -> bool:
    core = kubernetes.CoreV1Api(installation.api)
    config = installation.read(core.read_namespaced_config_map, "aws-auth", "kube-system")
    rows = yaml.safe_load(((config or {}).get("data") or {}).get("mapRoles", "")) or []
    without_path = f"{arn.split(':role/')[0]}:role/{arn.rpartition('/')[2]}"
    return any(
        str(row.get("rolearn", "")).lower() == without_path.lower() and "system:masters" in row["groups"]
        for row in rows
        if row.get("groups")
    )


def _has_entry(installation: Installation, arn: str) -> bool:
    eks = installation.client("eks")
    try:
        policies = eks.list_associated_access_policies(
            clusterName=installation.environment.cluster.name, principalArn=arn
        )["associatedAccessPolicies"]
    except eks.exceptions.ResourceNotFoundException:
        return False
    return any(policy["policyArn"].endswith("/AmazonEKSClusterAdminPolicy") for policy in policies)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
