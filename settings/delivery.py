"""How a pipeline delivers an environment: who approves a change, and who checks it."""

from typing import Literal

from pydantic import Field

from settings.aws import RoleArn
from settings.section import Section


class Delivery(Section):
    """How a pipeline delivers the environment; without effect on a direct deployment."""

    approval: Literal["when-risky", "always"] = Field(
        default="when-risky",
        description="When a person has to approve a change: when-risky or always.",
    )
    role_arn: RoleArn | None = Field(
        default=None,
        description="Role that doctor and prove act as, which the cluster lets in; null: neither is run.",
        examples=["arn:aws:iam::123456789012:role/airflow-efs-delivery"],
    )
