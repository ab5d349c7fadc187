"""Where a pipeline takes this project from, and what is said of a source that is of no kind or of two."""

from collections.abc import Callable

import pytest

from settings import Environment

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

ARN = "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
AT = "environments/prod.yaml:20: pipeline.source"


def source(text: str) -> tuple[str, str]:
    return "claims:", f"pipeline:\n  source: {text}\n  environments: [prod]\nclaims:"


def test_a_source_is_a_repository_by_a_connection(load: Load) -> None:
    made = load(*source(f"{{connection_arn: {ARN}, repository: example/airflow}}")).pipeline
    assert made is not None
    assert (made.source.connection_arn, made.source.repository) == (ARN, "example/airflow")
    assert (made.source.codecommit, made.source.bucket) == (None, None)


def test_a_source_is_a_repository_in_codecommit(load: Load) -> None:
    made = load(*source("{codecommit: airflow-efs, branch: release}")).pipeline
    assert made is not None
    assert (made.source.codecommit, made.source.branch) == ("airflow-efs", "release")


def test_a_source_is_a_zip_in_a_bucket(load: Load) -> None:
    made = load(*source(f"{{bucket: releases, key: a/b.zip, encryption_key: '{KEY}'}}")).pipeline
    assert made is not None
    assert (made.source.bucket, made.source.key, made.source.encryption_key) == ("releases", "a/b.zip", KEY)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "{branch: main}",
            ": names no source: write connection_arn and repository, or codecommit, or bucket and key",
        ),
        (
            "{repository: example/airflow}",
            ": names no source: write connection_arn and repository, or codecommit, or bucket and key",
        ),
        ("{codecommit: one, bucket: two}", ": names codecommit and bucket: keep one of them"),
        (
            f"{{connection_arn: {ARN}}}",
            '.repository: is missing: write it, such as "example/airflow-efs-cdk"',
        ),
        ("{bucket: releases}", '.key: is missing: write it, such as "airflow-efs-cdk.zip"'),
        (
            "{codecommit: one, repository: one/two}",
            '.repository: "one/two" has no meaning with codecommit: remove it',
        ),
        (
            "{bucket: releases, key: a.zip, branch: main}",
            '.branch: "main" has no meaning with bucket: remove it',
        ),
        (
            "{codecommit: one/two}",
            '.codecommit: "one/two" is not the name of a repository in CodeCommit: '
            "use letters, digits and ._-",
        ),
        (
            "{bucket: releases, key: a.tgz}",
            '.key: "a.tgz" is not the key of a zip: use letters, digits and ._/-, and end with .zip',
        ),
        (
            "{bucket: Releases, key: a.zip}",
            '.bucket: "Releases" is not the name of a bucket: '
            "use 3 to 63 lower-case letters, digits, . and -",
        ),
    ],
)
def test_what_is_no_source_is_said(complaints: Complaints, text: str, said: str) -> None:
    assert complaints(*source(text)) == [f"{AT}{said}"]


@pytest.mark.parametrize("place", ["aws:kms:us-east-1", "aws-cn:kms:ap-northeast-2"])
def test_the_key_of_a_zip_is_where_its_bucket_is(complaints: Complaints, place: str) -> None:
    key = KEY.replace("aws:kms:ap-northeast-2", place)
    assert complaints(*source(f"{{bucket: releases, key: a.zip, encryption_key: '{key}'}}")) == [
        f'{AT}.encryption_key: "{key}" is not in region ap-northeast-2 of partition aws: '
        "name a key there, where the bucket is"
    ]


def test_a_connection_is_in_the_partition_of_the_pipeline(complaints: Complaints) -> None:
    arn = ARN.replace("arn:aws:", "arn:aws-us-gov:")
    assert complaints(*source(f"{{connection_arn: {arn}, repository: example/airflow}}")) == [
        f'{AT}.connection_arn: "{arn}" is not in partition aws: name a connection of the pipeline\'s account'
    ]
