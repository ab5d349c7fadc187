"""A role for one service account of Airflow, by IRSA or by EKS Pod Identity."""

from collections.abc import Sequence
from typing import Literal

from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct

from airflow_efs.irsa_role import web_identity_principal
from airflow_efs.pod_identity_role import pod_identity_principal


class AirflowRole(Construct):
    """A role that one service account of one cluster may assume, with policies of the user's choice.

    With IRSA the chart must annotate the service account with the role's ARN, and the cluster's IAM OIDC
    provider must exist. With Pod Identity an association is made, and the add-on ``eks-pod-identity-agent``
    must be in the cluster.

    Args:
        identity: ``irsa`` or ``pod-identity``.
        cluster_name: the name of the cluster.
        oidc_issuer: the cluster's issuer, ``https://…``.
        namespace: the namespace of the service account.
        service_account: the name of the service account.
        role_name: the name of the role.
        statements: what the role may do.
        managed_policy_arns: managed policies of the role.

    Raises:
        ValueError: when there are neither statements nor managed policies.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        identity: Literal["irsa", "pod-identity"],
        cluster_name: str,
        oidc_issuer: str,
        namespace: str,
        service_account: str,
        role_name: str,
        statements: Sequence[iam.PolicyStatement] = (),
        managed_policy_arns: Sequence[str] = (),
    ) -> None:
        if not statements and not managed_policy_arns:
            raise ValueError("statements and managed_policy_arns: both are empty; such a role is of no use")
        super().__init__(scope, construct_id)
        self._role = iam.Role(
            self,
            "Role",
            role_name=role_name,
            description=f"For the Kubernetes service account {namespace}/{service_account}",
            assumed_by=(
                web_identity_principal(self, oidc_issuer, namespace, [service_account])
                if identity == "irsa"
                else pod_identity_principal(self, cluster_name, namespace, service_account)
            ),
            managed_policies=[
                iam.ManagedPolicy.from_managed_policy_arn(self, f"Policy{index}", arn)
                for index, arn in enumerate(managed_policy_arns)
            ],
        )
        for statement in statements:
            self._role.add_to_policy(statement)
        if identity == "pod-identity":
            eks.CfnPodIdentityAssociation(
                self,
                "Association",
                cluster_name=cluster_name,
                namespace=namespace,
                service_account=service_account,
                role_arn=self._role.role_arn,
            )
