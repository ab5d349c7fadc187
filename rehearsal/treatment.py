"""How a rehearsal treats each resource type of the project's templates.

The one source of it: the emulated account takes from here what may be without effect, and a test compares
this with the table of docs/rehearsal.md, with the templates of all environments, and with what the account
does.

To add a type: a line in `RESOURCE_TYPES`, and the same in the table of docs/rehearsal.md. `RECORDED` is all
that one needs whose absence nothing would notice. A type of moto's or of our own lists besides the properties
that its model heeds (read the model, it may pass over some), and those that it may pass over. A property that
is in neither list fails the deployment; to add one, make the model heed it, test that, and list it.
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
    heeds: str = ""
    """The properties that have an effect: names, separated by spaces. `A` is all of that property, `A.B` that
    part of it, in an object or in each object of a list. Of no meaning for what is recorded only."""
    passes_over: str = ""
    """The properties that a template may have although nothing comes of them, in the same notation."""


CUSTOM = "Custom::*"
"""Every type of custom resource."""

RESOURCE_TYPES = {
    CUSTOM: Treated(Treatment.REAL, "CDK's handler runs with the layer's programs"),
    "AWS::Backup::BackupPlan": Treated(
        Treatment.OURS,
        "no job runs",
        heeds="BackupPlan BackupPlanTags",
    ),
    "AWS::Backup::BackupSelection": Treated(
        Treatment.OURS,
        "selects nothing",
        heeds="BackupPlanId BackupSelection",
    ),
    "AWS::Backup::BackupVault": Treated(
        Treatment.OURS,
        "never has a recovery point",
        heeds="AccessPolicy BackupVaultName BackupVaultTags EncryptionKeyArn LockConfiguration Notifications",
    ),
    "AWS::CDK::Metadata": Treated(Treatment.RECORDED),
    "AWS::CloudWatch::Alarm": Treated(Treatment.RECORDED),
    "AWS::CloudWatch::Dashboard": Treated(
        Treatment.MOTO,
        heeds="DashboardBody DashboardName",
        passes_over="Tags",
    ),
    "AWS::CodeBuild::Project": Treated(
        Treatment.OURS,
        "a release runs its build",
        heeds=(
            "Artifacts Cache Description EncryptionKey Environment LogsConfig Name QueuedTimeoutInMinutes "
            "ServiceRole Source Tags TimeoutInMinutes VpcConfig"
        ),
    ),
    "AWS::CodePipeline::Pipeline": Treated(
        Treatment.OURS,
        "a release is run on request",
        heeds="ArtifactStore ArtifactStores Name PipelineType RestartExecutionOnUpdate RoleArn Stages Tags",
        passes_over="ExecutionMode",
    ),
    "AWS::EC2::SecurityGroup": Treated(
        Treatment.COMPLETED,
        "changes in place",
        heeds=(
            "GroupDescription GroupName SecurityGroupIngress.CidrIp SecurityGroupIngress.CidrIpv6 "
            "SecurityGroupIngress.Description SecurityGroupIngress.FromPort "
            "SecurityGroupIngress.IpProtocol SecurityGroupIngress.SourcePrefixListId "
            "SecurityGroupIngress.SourceSecurityGroupId SecurityGroupIngress.ToPort Tags VpcId"
        ),
        passes_over="SecurityGroupEgress",
    ),
    "AWS::EC2::SecurityGroupIngress": Treated(
        Treatment.COMPLETED,
        "deletion",
        heeds=(
            "CidrIp CidrIpv6 Description FromPort GroupId IpProtocol SourcePrefixListId "
            "SourceSecurityGroupId ToPort"
        ),
    ),
    "AWS::ECR::Repository": Treated(
        Treatment.MOTO,
        "the bootstrap's",
        heeds=(
            "EncryptionConfiguration ImageScanningConfiguration ImageTagMutability "
            "ImageTagMutabilityExclusionFilters RepositoryName Tags"
        ),
        passes_over="LifecyclePolicy RepositoryPolicyText",
    ),
    "AWS::EFS::AccessPoint": Treated(
        Treatment.COMPLETED,
        "tokens, quota, attributes, changes in place",
        heeds="AccessPointTags ClientToken FileSystemId PosixUser RootDirectory",
    ),
    "AWS::EFS::FileSystem": Treated(
        Treatment.COMPLETED,
        "states, throughput, One Zone, policies, replication, changes in place",
        heeds=(
            "AvailabilityZoneName BackupPolicy Encrypted FileSystemPolicy FileSystemProtection "
            "FileSystemTags KmsKeyId LifecyclePolicies PerformanceMode ProvisionedThroughputInMibps "
            "ReplicationConfiguration ThroughputMode"
        ),
        passes_over="BypassPolicyLockoutSafetyCheck",
    ),
    "AWS::EFS::MountTarget": Treated(
        Treatment.COMPLETED,
        "states, one in a zone, security groups, changes in place",
        heeds="FileSystemId SecurityGroups SubnetId",
    ),
    "AWS::EKS::AccessEntry": Treated(
        Treatment.OURS,
        "decides in the cluster",
        heeds="AccessPolicies ClusterName KubernetesGroups PrincipalArn Tags Type Username",
    ),
    "AWS::EKS::Addon": Treated(
        Treatment.OURS,
        "installs the driver",
        heeds=(
            "AddonName AddonVersion ClusterName ConfigurationValues PodIdentityAssociations "
            "PreserveOnDelete ResolveConflicts ServiceAccountRoleArn Tags"
        ),
    ),
    "AWS::EKS::PodIdentityAssociation": Treated(
        Treatment.OURS,
        "decides who the driver is",
        heeds="ClusterName DisableSessionTags Namespace RoleArn ServiceAccount Tags",
    ),
    "AWS::Events::Rule": Treated(
        Treatment.MOTO,
        "the pipeline's",
        heeds="Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets",
    ),
    "AWS::IAM::ManagedPolicy": Treated(
        Treatment.COMPLETED,
        "versions, changes in place",
        heeds="Description Groups ManagedPolicyName Path PolicyDocument Roles Users",
    ),
    "AWS::IAM::Policy": Treated(
        Treatment.MOTO,
        heeds="Groups PolicyDocument PolicyName Roles Users",
    ),
    "AWS::IAM::Role": Treated(
        Treatment.COMPLETED,
        "changes in place",
        heeds=(
            "AssumeRolePolicyDocument Description MaxSessionDuration Path PermissionsBoundary Policies "
            "RoleName Tags"
        ),
        passes_over="ManagedPolicyArns",
    ),
    "AWS::KMS::Alias": Treated(
        Treatment.MOTO,
        heeds="AliasName TargetKeyId",
    ),
    "AWS::KMS::Key": Treated(
        Treatment.COMPLETED,
        "changes in place, the wait before deletion",
        heeds=(
            "Description EnableKeyRotation Enabled KeyPolicy KeySpec KeyUsage MultiRegion Origin "
            "PendingWindowInDays Tags"
        ),
        passes_over="BypassPolicyLockoutSafetyCheck RotationPeriodInDays",
    ),
    "AWS::Lambda::Function": Treated(
        Treatment.COMPLETED,
        "layers, changes in place; runs as a process",
        heeds=(
            "Code.S3Bucket Code.S3Key Code.ZipFile Description Environment FunctionName Handler Layers "
            "MemorySize Role Runtime Tags Timeout VpcConfig"
        ),
        passes_over="LoggingConfig",
    ),
    "AWS::Lambda::LayerVersion": Treated(
        Treatment.COMPLETED,
        "ARN, deletion",
        heeds="CompatibleRuntimes Content.S3Bucket Content.S3Key Description LicenseInfo",
    ),
    "AWS::Logs::LogGroup": Treated(
        Treatment.COMPLETED,
        "the pipeline's; ARN",
        heeds="LogGroupName RetentionInDays Tags",
        passes_over="KmsKeyId",
    ),
    "AWS::S3::Bucket": Treated(
        Treatment.COMPLETED,
        "its policy is kept",
        heeds="BucketEncryption BucketName Tags",
        passes_over=(
            "AccessControl LifecycleConfiguration LoggingConfiguration OwnershipControls "
            "PublicAccessBlockConfiguration VersioningConfiguration"
        ),
    ),
    "AWS::S3::BucketPolicy": Treated(
        Treatment.OURS,
        "decides who has artefacts",
        heeds="Bucket PolicyDocument",
    ),
    "AWS::SecretsManager::Secret": Treated(
        Treatment.OURS,
        "a value is generated once",
        heeds=(
            "Description GenerateSecretString.ExcludeCharacters GenerateSecretString.ExcludeLowercase "
            "GenerateSecretString.ExcludeNumbers GenerateSecretString.ExcludePunctuation "
            "GenerateSecretString.ExcludeUppercase GenerateSecretString.IncludeSpace "
            "GenerateSecretString.PasswordLength GenerateSecretString.RequireEachIncludedType KmsKeyId "
            "Name SecretString Tags"
        ),
    ),
    "AWS::SNS::Subscription": Treated(Treatment.RECORDED, "nobody gets a mail"),
    "AWS::SNS::Topic": Treated(
        Treatment.MOTO,
        "the pipeline's",
        heeds="DisplayName KmsMasterKeyId TopicName",
        passes_over="Tags",
    ),
    "AWS::SNS::TopicPolicy": Treated(Treatment.RECORDED),
    "AWS::SSM::Parameter": Treated(
        Treatment.MOTO,
        heeds="AllowedPattern DataType Description Name Policies Tier Type Value",
    ),
}
"""Type -> how it is treated: every type that a template of the project has or may have."""
