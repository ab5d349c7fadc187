"""What the two halves of the EFS CSI driver may do in AWS.

The driver's own example policy allows Create, Tag and Delete on ``*``. Here they are held to one file
system and to access points that carry the driver's tag, which it puts on every access point it makes.
https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/v3.4.1/docs/iam-policy-example.json
"""

from aws_cdk import aws_iam as iam

from airflow_efs.file_system_policy import BE_ROOT, MOUNT_AND_WRITE, ONLY_THROUGH_MOUNT_TARGETS

DRIVER_TAG = "efs.csi.aws.com/cluster"
"""The tag, with the value ``true``, that the driver puts on its access points."""


def controller_reading() -> list[iam.PolicyStatement]:
    """Return what the controller needs to look around: Describe calls and nothing else.

    They cannot be narrowed by tag, and the zones of a region are no resource, so they stand in a policy of
    their own: an asterisk there covers nothing that changes anything.
    """
    return [
        iam.PolicyStatement(
            sid="Describe",
            actions=[
                "ec2:DescribeAvailabilityZones",
                "elasticfilesystem:DescribeAccessPoints",
                "elasticfilesystem:DescribeFileSystems",
                "elasticfilesystem:DescribeMountTargets",
            ],
            resources=["*"],
        )
    ]


def controller_statements(*, file_system_arn: str, access_points_arn: str) -> list[iam.PolicyStatement]:
    """Return what the controller needs to make and delete access points on one file system.

    Args:
        file_system_arn: the file system on which access points may be made.
        access_points_arn: the pattern of the ARNs of access points, ``…:access-point/*``: an access point's
            ARN does not say which file system it belongs to, so the driver's tag narrows it.
    """
    return [
        iam.PolicyStatement(
            sid="CreateAccessPoints",
            actions=["elasticfilesystem:CreateAccessPoint"],
            resources=[file_system_arn],
            conditions={"StringEquals": {f"aws:RequestTag/{DRIVER_TAG}": "true"}},
        ),
        iam.PolicyStatement(
            # Tags in a CreateAccessPoint call are authorised a second time, as TagResource, with
            # CreateAction set and before there is a resource that could carry a tag. So the condition is on
            # the request, and no access point that exists can be tagged to become deletable.
            # https://docs.aws.amazon.com/efs/latest/ug/using-tags-efs.html
            sid="TagNewAccessPoints",
            actions=["elasticfilesystem:TagResource"],
            resources=[file_system_arn, access_points_arn],
            conditions={
                "StringEquals": {
                    "elasticfilesystem:CreateAction": "CreateAccessPoint",
                    f"aws:RequestTag/{DRIVER_TAG}": "true",
                }
            },
        ),
        iam.PolicyStatement(
            sid="DeleteOwnAccessPoints",
            actions=["elasticfilesystem:DeleteAccessPoint"],
            resources=[access_points_arn],
            conditions={"StringEquals": {f"aws:ResourceTag/{DRIVER_TAG}": "true"}},
        ),
    ]


def node_reading() -> list[iam.PolicyStatement]:
    """Return what efs-utils on a node needs to look around: the zones, which are no resource."""
    return [
        iam.PolicyStatement(sid="DescribeZones", actions=["ec2:DescribeAvailabilityZones"], resources=["*"])
    ]


def node_statements(
    *, file_system_arn: str, mounts_by_iam: bool = False, as_root: bool = False
) -> list[iam.PolicyStatement]:
    """Return what efs-utils on a node needs of one file system.

    To find a mount target when its DNS name does not resolve; and, where the file system policy grants
    nothing to everybody, to mount.

    Args:
        file_system_arn: the file system that the nodes mount.
        mounts_by_iam: clients are let in by IAM. Default: mounting needs no permission of this role.
        as_root: root of a pod is root in the file system, where it is not mounted by an access point.
    """
    statements = [
        iam.PolicyStatement(
            sid="DescribeMountTargets",
            actions=["elasticfilesystem:DescribeMountTargets"],
            resources=[file_system_arn],
        ),
    ]
    if mounts_by_iam:
        statements.append(
            iam.PolicyStatement(
                sid="MountThroughMountTargets",
                actions=[*MOUNT_AND_WRITE, *([BE_ROOT] if as_root else [])],
                resources=[file_system_arn],
                conditions=ONLY_THROUGH_MOUNT_TARGETS,
            )
        )
    return statements
