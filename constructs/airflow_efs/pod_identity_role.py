"""A role for one Kubernetes service account (EKS Pod Identity)."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from airflow_efs.service_account_role import ServiceAccountRole


def pod_identity_principal(
    scope: Construct, cluster_name: str, namespace: str, service_account: str
) -> iam.IPrincipal:
    """EKS, as long as it acts for one service account of one cluster of the stack's account and region.

    EKS assumes a role for whatever account an association names, so that the association alone would let any
    other account of any cluster have the role. The session tags that EKS sets hold it to one: cluster,
    namespace and account. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
    """
    stack = Stack.of(scope)
    cluster_arn = stack.format_arn(
        service="eks",
        resource="cluster",
        resource_name=cluster_name,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
    return iam.ServicePrincipal(
        "pods.eks.amazonaws.com",
        conditions={
            "StringEquals": {
                "aws:SourceAccount": stack.account,
                "aws:RequestTag/eks-cluster-arn": cluster_arn,
                "aws:RequestTag/kubernetes-namespace": namespace,
                "aws:RequestTag/kubernetes-service-account": service_account,
            }
        },
    ).with_session_tags()


class PodIdentityRole(ServiceAccountRole):
    """A role that EKS may assume for one service account of one cluster, and for nobody else.

    Args:
        cluster_name: the cluster, in the stack's account and region.
        namespace: the namespace of the service account.
        service_account: the name of the service account.
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
        cluster_name: str,
        namespace: str,
        service_account: str,
        statements: Sequence[iam.PolicyStatement],
        reading: Sequence[iam.PolicyStatement] = (),
        role_name: str | None = None,
        policy_name: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            assumed_by=pod_identity_principal(scope, cluster_name, namespace, service_account),
            account=f"{namespace}/{service_account}",
            statements=statements,
            reading=reading,
            role_name=role_name,
            policy_name=policy_name,
        )
