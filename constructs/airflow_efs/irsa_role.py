"""A role for Kubernetes service accounts of one namespace (IAM roles for service accounts)."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from airflow_efs.service_account_role import ServiceAccountRole

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""The annotation of a service account that names its role."""

TOKEN_AUDIENCE = "sts.amazonaws.com"  # noqa: S105 - the audience of a token, not a token
"""The audience of the tokens that EKS projects into pods; the same in every partition."""


def web_identity_principal(
    scope: Construct, oidc_issuer: str, namespace: str, service_accounts: Sequence[str]
) -> iam.IPrincipal:
    """Service accounts of one namespace of the cluster with this issuer, by the tokens of their pods.

    Raises:
        ValueError: when the issuer is not https.
    """
    if not oidc_issuer.startswith("https://"):
        raise ValueError(
            f"oidc_issuer: {oidc_issuer} does not start with https://; "
            "take it from aws eks describe-cluster, cluster.identity.oidc.issuer"
        )
    issuer = oidc_issuer.removeprefix("https://")
    provider_arn = Stack.of(scope).format_arn(
        service="iam",
        region="",
        resource="oidc-provider",
        resource_name=issuer,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    subjects = [f"system:serviceaccount:{namespace}:{name}" for name in service_accounts]
    return iam.FederatedPrincipal(
        provider_arn,
        conditions={
            "StringEquals": {
                f"{issuer}:sub": subjects[0] if len(subjects) == 1 else subjects,
                f"{issuer}:aud": TOKEN_AUDIENCE,
            },
        },
        assume_role_action="sts:AssumeRoleWithWebIdentity",
    )


class IrsaRole(ServiceAccountRole):
    """A role that one service account of one cluster may assume, and nobody else, with its managed policies.

    The issuer is known text, so the conditions can be written down: the library's own ``ServiceAccount``
    needs a custom resource and one more Lambda function for them. The cluster's IAM OIDC provider must
    exist.

    Args:
        oidc_issuer: the cluster's issuer, ``https://…``.
        namespace: the namespace of the service account.
        service_account: the name of the service account.
        statements: what the role may do.
        reading: what it may do besides that cannot be held to a resource, such as Describe calls; in a
            policy of its own, which the other one waits for. Default: nothing.
        also: further service accounts of the namespace that may assume it. Default: none.
        role_name: a fixed name of the role. Default: CloudFormation makes one up.
        policy_name: a fixed name of the managed policy. Default: CloudFormation makes one up.

    Raises:
        ValueError: when the issuer is not https, or there are no statements.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        oidc_issuer: str,
        namespace: str,
        service_account: str,
        statements: Sequence[iam.PolicyStatement],
        reading: Sequence[iam.PolicyStatement] = (),
        also: Sequence[str] = (),
        role_name: str | None = None,
        policy_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=web_identity_principal(scope, oidc_issuer, namespace, (service_account, *also)),
            account=f"{namespace}/{service_account}",
            statements=statements,
            reading=reading,
            role_name=role_name,
            policy_name=policy_name,
        )
