"""A role for Kubernetes service accounts, however they come to it."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct


class ServiceAccountRole(Construct):
    """A role with managed policies that whoever `assumed_by` names may assume, and nobody else.

    The policies are attached from their own side. What only needs the role's ARN, as a Helm chart does,
    therefore does not wait for what they name, such as a file system.

    Whoever assumes the role, its ids in the construct tree are the same: a cluster that moves from one kind
    of identity to the other keeps its roles, and their names.

    Args:
        assumed_by: who may assume the role, under which conditions.
        account: whom it is for, in the descriptions: a policy is replaced when its description changes, so it
            must not depend on what may change.
        statements: what the role may do.
        reading: what it may do besides that cannot be held to a resource, such as Describe calls; in a
            policy of its own, which the other one waits for. Default: nothing.
        role_name: a fixed name of the role. Default: CloudFormation makes one up.
        policy_name: a fixed name of the managed policy. Default: CloudFormation makes one up.

    Raises:
        ValueError: when there are no statements.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        assumed_by: iam.IPrincipal,
        account: str,
        statements: Sequence[iam.PolicyStatement],
        reading: Sequence[iam.PolicyStatement] = (),
        role_name: str | None = None,
        policy_name: str | None = None,
    ) -> None:
        if not statements:
            raise ValueError("statements: is empty; a role without a policy is of no use to a driver")
        super().__init__(scope, construct_id)
        self._role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=f"For the Kubernetes service account {account}",
            assumed_by=assumed_by,
        )
        self._policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=policy_name,
            description=f"What the Kubernetes service account {account} may do",
            statements=list(statements),
            roles=[self._role],
        )
        if reading:
            looks = iam.ManagedPolicy(
                self,
                "ReadingPolicy",
                description=f"What the Kubernetes service account {account} may read",
                statements=list(reading),
                roles=[self._role],
            )
            # Who waits for the policy, or outlives it on deletion, needs both.
            self._policy.node.add_dependency(looks)

    @property
    def role_arn(self) -> str:
        """The role's ARN."""
        return self._role.role_arn

    @property
    def policy(self) -> iam.ManagedPolicy:
        """The policy: what uses the role's rights depends on it."""
        return self._policy
