"""What Airflow's service accounts may do in the bucket of remote logs."""

from aws_cdk import aws_iam as iam


def log_bucket_statements(
    *, partition: str, bucket: str, prefix: str, write: bool
) -> list[iam.PolicyStatement]:
    """Read, and write where asked, below one prefix of one bucket.

    Args:
        partition: the partition of the bucket's ARN.
        bucket: the name of the bucket.
        prefix: the path below which the logs are, without slashes at its ends.
        write: whether logs may also be written.
    """
    arn = f"arn:{partition}:s3:::{bucket}"
    return [
        iam.PolicyStatement(
            sid="Logs",
            actions=["s3:GetObject", *(["s3:PutObject"] if write else [])],
            resources=[f"{arn}/{prefix}/*"],
        ),
        # Without it S3 answers "forbidden" for a log that is not there.
        iam.PolicyStatement(
            sid="ListLogs",
            actions=["s3:ListBucket"],
            resources=[arn],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
        ),
    ]
