"""How a rehearsal treats each resource type of the project's templates.

The one source of it: the emulated account takes from here what may be without effect, and a test compares
this with the table of docs/rehearsal.md, with the templates of all environments, and with what the account
does.
"""

from dataclasses import dataclass
from enum import StrEnum


class Treatment(StrEnum):
    """What a rehearsal does with a resource of a type."""

    REAL = "real"
    """What it stands for is done for real, on this machine."""
    MOTO = "moto"
    """moto's model, as it is."""
    COMPLETED = "moto, completed"
    """moto's model with additions of the project."""
    OURS = "emulated here"
    """A model of the project's own, where moto has none."""
    RECORDED = "recorded only"
    """It has a name and events, and nothing is made."""


@dataclass(frozen=True)
class Treated:
    """How a type is treated."""

    by: Treatment
    note: str = ""
    """What is added, or what it means, for a person."""


CUSTOM = "Custom::*"
"""Every type of custom resource."""

RESOURCE_TYPES = {
    CUSTOM: Treated(Treatment.REAL, "CDK's handler runs with the layer's programs"),
    "AWS::Backup::BackupPlan": Treated(Treatment.OURS, "no job runs"),
    "AWS::Backup::BackupSelection": Treated(Treatment.OURS, "selects nothing"),
    "AWS::Backup::BackupVault": Treated(Treatment.OURS, "never has a recovery point"),
    "AWS::CDK::Metadata": Treated(Treatment.RECORDED),
    "AWS::CloudWatch::Alarm": Treated(Treatment.RECORDED),
    "AWS::CloudWatch::Dashboard": Treated(Treatment.MOTO),
    "AWS::CodeBuild::Project": Treated(Treatment.OURS, "a release runs its build"),
    "AWS::CodePipeline::Pipeline": Treated(Treatment.OURS, "a release is run on request"),
    "AWS::EC2::SecurityGroup": Treated(Treatment.COMPLETED, "changes in place"),
    "AWS::EC2::SecurityGroupIngress": Treated(Treatment.COMPLETED, "deletion"),
    "AWS::ECR::Repository": Treated(Treatment.MOTO, "the bootstrap's"),
    "AWS::EFS::AccessPoint": Treated(Treatment.COMPLETED, "tokens, quota, attributes, changes in place"),
    "AWS::EFS::FileSystem": Treated(
        Treatment.COMPLETED, "states, throughput, One Zone, policies, replication, changes in place"
    ),
    "AWS::EFS::MountTarget": Treated(
        Treatment.COMPLETED, "states, one in a zone, security groups, changes in place"
    ),
    "AWS::EKS::AccessEntry": Treated(Treatment.OURS, "decides in the cluster"),
    "AWS::EKS::Addon": Treated(Treatment.OURS, "installs the driver"),
    "AWS::EKS::PodIdentityAssociation": Treated(Treatment.OURS, "decides who the driver is"),
    "AWS::Events::Rule": Treated(Treatment.MOTO, "the pipeline's"),
    "AWS::IAM::ManagedPolicy": Treated(Treatment.COMPLETED, "versions, changes in place"),
    "AWS::IAM::Policy": Treated(Treatment.MOTO),
    "AWS::IAM::Role": Treated(Treatment.COMPLETED, "changes in place"),
    "AWS::KMS::Alias": Treated(Treatment.MOTO),
    "AWS::KMS::Key": Treated(Treatment.COMPLETED, "changes in place, the wait before deletion"),
    "AWS::Lambda::Function": Treated(Treatment.COMPLETED, "layers, changes in place; runs as a process"),
    "AWS::Lambda::LayerVersion": Treated(Treatment.COMPLETED, "ARN, deletion"),
    "AWS::Logs::LogGroup": Treated(Treatment.MOTO, "the pipeline's"),
    "AWS::S3::Bucket": Treated(Treatment.MOTO),
    "AWS::S3::BucketPolicy": Treated(Treatment.RECORDED),
    "AWS::SecretsManager::Secret": Treated(Treatment.OURS, "a value is generated once"),
    "AWS::SNS::Subscription": Treated(Treatment.RECORDED, "nobody gets a mail"),
    "AWS::SNS::Topic": Treated(Treatment.MOTO, "the pipeline's"),
    "AWS::SNS::TopicPolicy": Treated(Treatment.RECORDED),
    "AWS::SSM::Parameter": Treated(Treatment.MOTO),
}
"""Type -> how it is treated: every type that a template of the project has or may have."""
