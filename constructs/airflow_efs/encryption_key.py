"""A KMS key of its own for one file system."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct


class EncryptionKey(Construct):
    """A symmetric key that KMS rotates every year, used by EFS and by nobody else.

    Its policy names no service and no wildcard: EFS uses the key by a grant, which whoever makes the file
    system gives it. The account's IAM policies decide who may do that, and who may administer the key;
    nobody may encrypt or decrypt with it but through EFS.

    The key is retained: without it the data, and a replica of it, could never be read again. Only when the
    deployment that makes it is rolled back is it scheduled for deletion, with the file system.

    Args:
        description: says in the KMS console what the key is for.
    """

    def __init__(self, scope: Construct, construct_id: str, *, description: str) -> None:
        super().__init__(scope, construct_id)

        self._key = kms.Key(
            self,
            "Resource",
            description=description,
            enable_key_rotation=True,
            policy=self._policy(),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    @property
    def key(self) -> kms.IKey:
        """The key itself, for the file system."""
        return self._key

    @property
    def key_arn(self) -> str:
        """The key's ARN."""
        return self._key.key_arn

    def _policy(self) -> iam.PolicyDocument:
        stack = Stack.of(self)
        account = iam.AccountPrincipal(stack.account)
        return iam.PolicyDocument(
            statements=[
                iam.PolicyStatement(
                    sid="Administer",
                    principals=[account],
                    actions=[
                        "kms:CancelKeyDeletion",
                        "kms:Describe*",
                        "kms:Disable*",
                        "kms:Enable*",
                        "kms:Get*",
                        "kms:List*",
                        "kms:PutKeyPolicy",
                        "kms:RevokeGrant",
                        "kms:RotateKeyOnDemand",
                        "kms:ScheduleKeyDeletion",
                        "kms:TagResource",
                        "kms:UntagResource",
                        "kms:UpdateKeyDescription",
                    ],
                    resources=["*"],
                ),
                iam.PolicyStatement(
                    sid="UseThroughEfsOnly",
                    principals=[account],
                    actions=[
                        "kms:CreateGrant",
                        "kms:Decrypt",
                        "kms:DescribeKey",
                        "kms:Encrypt",
                        "kms:GenerateDataKey*",
                        "kms:ReEncrypt*",
                    ],
                    # In a key's policy it is the key itself.
                    resources=["*"],
                    conditions={
                        "StringEquals": {"kms:ViaService": f"elasticfilesystem.{stack.region}.amazonaws.com"}
                    },
                ),
            ]
        )
