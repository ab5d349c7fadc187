"""A role for one Kubernetes service account (IAM roles for service accounts)."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""The annotation of a service account that names its role."""

TOKEN_AUDIENCE = "sts.amazonaws.com"  # noqa: S105 - the audience of a token, not a token
"""The audience of the tokens that EKS projects into pods; the same in every partition."""


class IrsaRole(Construct):
    """A role that one service account of one cluster may assume, and nobody else, with its managed policies.

    The issuer is known text, so the conditions can be written down: the library's own ``ServiceAccount``
    needs a custom resource and one more Lambda function for them. The cluster's IAM OIDC provider must
    exist.

    The policy is attached from its own side. What only needs the role's ARN, as a Helm chart does,
    therefore does not wait for what the policy names, such as a file system.

    Args:
        oidc_issuer: the cluster's issuer, ``https://…``.
        namespace: the namespace of the service account.
        service_account: the name of the service account.
        statements: what the role may do.
        reading: what it may do besides that cannot be held to a resource, such as Describe calls; in a
            policy of its own, which the other one waits for. Default: nothing.
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
        role_name: str | None = None,
        policy_name: str | None = None,
    ) -> None:
        if not oidc_issuer.startswith("https://"):
            raise ValueError(
                f"oidc_issuer: {oidc_issuer} does not start with https://; "
                "take it from aws eks describe-cluster, cluster.identity.oidc.issuer"
            )
        if not statements:
            raise ValueError("statements: is empty; a role without a policy is of no use to a driver")
        super().__init__(scope, construct_id)

        issuer = oidc_issuer.removeprefix("https://")
        provider_arn = Stack.of(self).format_arn(
            service="iam",
            region="",
            resource="oidc-provider",
            resource_name=issuer,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        subject = f"system:serviceaccount:{namespace}:{service_account}"
        self._role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=f"For the Kubernetes service account {namespace}/{service_account}",
            assumed_by=iam.FederatedPrincipal(
                provider_arn,
                conditions={
                    "StringEquals": {f"{issuer}:sub": subject, f"{issuer}:aud": TOKEN_AUDIENCE},
                },
                assume_role_action="sts:AssumeRoleWithWebIdentity",
            ),
        )
        self._policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=policy_name,
            description=f"What the Kubernetes service account {namespace}/{service_account} may do",
            statements=list(statements),
            roles=[self._role],
        )
        if reading:
            looks = iam.ManagedPolicy(
                self,
                "ReadingPolicy",
                description=f"What the Kubernetes service account {namespace}/{service_account} may read",
                statements=list(reading),
                roles=[self._role],
            )
            # Who waits for the policy, or outlives it on deletion, needs both.
            self._policy.node.add_dependency(looks)

    @property
    def role_arn(self) -> str:
        """The role's ARN, for the annotation of the service account."""
        return self._role.role_arn

    @property
    def policy(self) -> iam.ManagedPolicy:
        """The policy: what uses the role's rights depends on it."""
        return self._policy
