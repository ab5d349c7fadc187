"""An EKS cluster that exists already, and the right to apply manifests and charts in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, DependencyGroup


@dataclass(frozen=True, kw_only=True)
class HandlerNetwork:
    """Where in a VPC the handler and its framework run.

    They must reach the cluster's endpoint, and S3, STS, EKS and Lambda: by a NAT gateway or by VPC endpoints.

    Args:
        vpc: the VPC of the subnets.
        subnet_ids: private subnets; a function in a public one reaches nothing outside of the VPC.
        security_group_id: a group that the cluster's own lets in on tcp 443. It is not changed.
    """

    vpc: ec2.IVpc
    subnet_ids: Sequence[str]
    security_group_id: str


class ImportedCluster(Construct):
    """An existing EKS cluster with one kubectl handler for everything that a stack applies in it.

    The handler's own role is the Kubernetes identity, so that role must be let in. Either an access entry
    with cluster administration is made for it (the cluster's authentication mode must be ``API`` or
    ``API_AND_CONFIG_MAP``), or a role is used that the cluster already trusts (the only way for
    ``CONFIG_MAP``).

    Cluster administration is needed because a Helm chart and a StorageClass are cluster-scoped objects, and
    because the chart of the EFS CSI driver makes ClusterRoles: Kubernetes lets nobody hand out rights that he
    does not hold himself.

    Args:
        cluster_name: the name of the cluster in this account and region.
        kubectl_layer: the Lambda layer with kubectl and Helm, at most one minor version from the cluster.
        handler_role_arn: an existing role that the cluster already trusts as an administrator. It must be
            assumable by ``lambda.amazonaws.com`` and hold ``AWSLambdaBasicExecutionRole``,
            ``eks:DescribeCluster`` on the cluster and, for charts that are assets, ``s3:GetObject`` on the
            bucket of the CDK's assets. This construct never changes it. Default: a role of its
            own and an access entry for it.
        handler_network: where the handler runs when the cluster has no public endpoint. Default: outside of
            any VPC.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster_name: str,
        kubectl_layer: lambda_.ILayerVersion,
        handler_role_arn: str | None = None,
        handler_network: HandlerNetwork | None = None,
    ) -> None:
        super().__init__(scope, construct_id)

        existing_role = (
            iam.Role.from_role_arn(self, "HandlerRole", handler_role_arn, mutable=False)
            if handler_role_arn
            else None
        )
        provider = eks.KubectlProvider(
            self,
            "KubectlProvider",
            # The provider wants a cluster and a cluster wants its provider: the library resolves that by
            # two imports.
            cluster=eks.Cluster.from_cluster_attributes(
                self,
                "Identity",
                cluster_name=cluster_name,
                vpc=handler_network.vpc if handler_network else None,
            ),
            kubectl_layer=kubectl_layer,
            role=existing_role,
            private_subnets=self._import_subnets(handler_network) if handler_network else None,
            security_groups=[self._import_group(handler_network)] if handler_network else None,
        )
        self._cluster = eks.Cluster.from_cluster_attributes(
            self,
            "Cluster",
            cluster_name=cluster_name,
            kubectl_provider=provider,
            # Pruning deletes by label what a later manifest leaves out: a claim is not ours to lose that way.
            prune=False,
        )
        self._access = DependencyGroup()
        if existing_role is not None:
            # A condition of the policies that only a role of the provider's own gets.
            self.node.try_remove_child("HasEcrPublic")
        else:
            assert provider.role is not None  # noqa: S101 - the provider always has one; narrows the type
            self._access.add(self._admit(provider.role))

    @property
    def cluster(self) -> eks.ICluster:
        """The cluster, for the ``cluster`` prop of ``KubernetesManifest`` and ``HelmChart``."""
        return self._cluster

    @property
    def access(self) -> DependencyGroup:
        """What must exist before anything is applied in the cluster, and must outlive it on deletion.

        Add it as a dependency of every manifest and chart. Without it CloudFormation may delete the access
        entry first; the handler is then refused, swallows the error, and leaves the objects in the cluster.
        """
        return self._access

    def _import_subnets(self, network: HandlerNetwork) -> list[ec2.ISubnet]:
        subnets = []
        for subnet_id in network.subnet_ids:
            subnet = ec2.Subnet.from_subnet_id(self, subnet_id, subnet_id)
            Validations.of(subnet).acknowledge(
                Acknowledgment(
                    id="@aws-cdk/aws-ec2:noSubnetRouteTableId", reason="A function needs no route table."
                )
            )
            subnets.append(subnet)
        return subnets

    def _import_group(self, network: HandlerNetwork) -> ec2.ISecurityGroup:
        return ec2.SecurityGroup.from_security_group_id(
            self, "HandlerSecurityGroup", network.security_group_id, mutable=False
        )

    def _admit(self, role: iam.IRole) -> eks.AccessEntry:
        return eks.AccessEntry(
            self,
            "AccessEntry",
            cluster=self._cluster,
            principal=role.role_arn,
            access_policies=[
                eks.AccessPolicy.from_access_policy_name(
                    "AmazonEKSClusterAdminPolicy", access_scope_type=eks.AccessScopeType.CLUSTER
                )
            ],
        )
