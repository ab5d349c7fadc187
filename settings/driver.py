"""The EFS CSI driver: how it comes into the cluster, and as whom it speaks to AWS."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from settings.aws import PolicyName, RoleName
from settings.faults import Fault, FaultsError
from settings.section import Form, Section
from settings.versions import EFS_CSI_DRIVER_CHART, EFS_CSI_DRIVER_CHART_REPOSITORY

ChartVersion = Annotated[
    str,
    Form(
        r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?",
        "is not a semantic version",
        f"write three numbers, such as {EFS_CSI_DRIVER_CHART}",
    ),
]


class DriverRole(Section):
    """Names of the IAM role and policy of one of the driver's service accounts."""

    role_name: RoleName | None = Field(
        default=None, description="Name of the role; null: CloudFormation chooses one."
    )
    policy_name: PolicyName | None = Field(
        default=None, description="Name of the policy; null: CloudFormation chooses one."
    )


class Driver(Section):
    """The EFS CSI driver."""

    install: Literal["helm"] = Field(
        default="helm", description="How the driver comes into the cluster: its Helm chart."
    )
    chart_version: ChartVersion = Field(
        default=EFS_CSI_DRIVER_CHART, description="Version of the chart aws-efs-csi-driver."
    )
    chart_repository: Annotated[
        str,
        Form(
            r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~/%-]*)?",
            "is not an https URL",
            "write the URL of a Helm repository, beginning with https://",
        ),
    ] = Field(default=EFS_CSI_DRIVER_CHART_REPOSITORY, description="Helm repository that holds the chart.")
    identity: Literal["irsa"] = Field(
        default="irsa", description="How the driver gets its AWS credentials: IAM roles for service accounts."
    )
    controller: DriverRole = Field(
        default=DriverRole(),
        description="Role of efs-csi-controller-sa, which makes and deletes access points.",
    )
    node: DriverRole = Field(default=DriverRole(), description="Role of efs-csi-node-sa, which mounts.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        FaultsError.raise_if_any(
            Fault("is the controller's name, too", "write another: the roles are kept apart", ("node", field))
            for field in ("role_name", "policy_name")
            if (name := getattr(self.node, field)) is not None and name == getattr(self.controller, field)
        )
        return self
