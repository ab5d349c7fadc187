"""AWS's rules for what a settings file names: regions, ids, ARNs, IAM names and tags."""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Final

from botocore.loaders import Loader
from botocore.regions import EndpointResolver
from pydantic import AfterValidator

from settings.faults import Fault, FaultsError, Path
from settings.section import Form

MOST_ACCESS_POINTS: Final = 10_000
"""What EFS allows on a file system by default. Every volume is one."""

MOST_TAGS: Final = 40
"""AWS allows 50 tags on a resource; ten are left for those that the stacks add."""


@cache
def _resolver() -> EndpointResolver:
    return EndpointResolver(Loader().load_data("endpoints"))


@cache
def efs_regions() -> Mapping[str, str]:
    """Every region with Amazon EFS, in every partition, and its partition; from botocore's data, offline."""
    resolver = _resolver()
    return {
        region: partition
        for partition in resolver.get_available_partitions()
        for region in resolver.get_available_endpoints("elasticfilesystem", partition)
    }


def oidc_hosts(region: str) -> tuple[str, ...]:
    """Hosts of the OIDC issuers of a region's EKS clusters: the usual one, and the one that also has IPv6."""
    partition = efs_regions()[region]
    suffix = _resolver().get_partition_dns_suffix(partition)
    dual_stack = _resolver().get_partition_dns_suffix(partition, endpoint_variant_tags=["dualstack"])
    usual = f"oidc.eks.{region}.{suffix}"
    return (usual, f"oidc-eks.{region}.{dual_stack}") if dual_stack else (usual,)


def _check_region(region: str) -> str:
    if region not in efs_regions():
        near = difflib.get_close_matches(region, sorted(efs_regions()), n=1)
        cure = f'did you mean "{near[0]}"?' if near else 'write a region\'s code, such as "ap-northeast-2"'
        raise FaultsError([Fault("is not an AWS region with Amazon EFS", cure)])
    return region


Account = Annotated[str, Form(r"[0-9]{12}", "is not an AWS account id", "write its 12 digits, in quotes")]
Region = Annotated[str, AfterValidator(_check_region)]
VpcId = Annotated[
    str, Form(r"vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})", "is not a VPC id", "write vpc- and 17 hexadecimal digits")
]
SubnetId = Annotated[
    str,
    Form(
        r"subnet-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        "is not a subnet id",
        "write subnet- and 17 hexadecimal digits",
    ),
]
SecurityGroupId = Annotated[
    str,
    Form(
        r"sg-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        "is not a security group id",
        "write sg- and 17 hexadecimal digits",
    ),
]
PrefixListId = Annotated[
    str,
    Form(
        r"pl-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        "is not a prefix list id",
        "write pl- and 8 or 17 hexadecimal digits",
    ),
]
FileSystemId = Annotated[
    str,
    Form(
        r"fs-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        "is not a file system id",
        "write fs- and 17 hexadecimal digits",
    ),
]
AvailabilityZone = Annotated[
    str,
    Form(
        r"[a-z]+(?:-[a-z]+)+-[0-9][a-z]",
        "is not an Availability Zone",
        "write a region and one letter, such as ap-northeast-2a",
    ),
]
KMS_KEY: Final = (
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:"
    r"key/(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)
"""The ARN of a KMS key, as a regular expression; EFS takes no alias in a template of ours."""

KmsKeyArn = Annotated[
    str, Form(KMS_KEY, "is not the ARN of a KMS key", "write arn:aws:kms:REGION:ACCOUNT:key/ID")
]


def kms_key_region(arn: str) -> str:
    """Region of a KMS key, from its ARN."""
    return arn.split(":")[3]


def partition_faults(arn: str, region: str, at: Path) -> Iterator[Fault]:
    """A fault where an ARN is of another partition than a region, in which nothing has it."""
    partition = efs_regions()[region]
    if arn.split(":")[1] != partition:
        yield Fault(f"is not of partition {partition}", f"begin it with arn:{partition}:", at)


def zone_region(zone: str) -> str:
    """Region of an Availability Zone, from its name."""
    return zone[:-1]


RoleName = Annotated[
    str,
    Form(
        r"[A-Za-z0-9_+=,.@-]+",
        "is not a name that IAM accepts",
        "use letters, digits and _+=,.@-",
        max_length=64,
    ),
]
PolicyName = Annotated[
    str,
    Form(
        r"[A-Za-z0-9_+=,.@-]+",
        "is not a name that IAM accepts",
        "use letters, digits and _+=,.@-",
        max_length=128,
    ),
]
RoleArn = Annotated[
    str,
    Form(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/(?:[A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]+",
        "is not the ARN of an IAM role",
        "write arn:aws:iam::ACCOUNT:role/NAME",
    ),
]

BucketName = Annotated[
    str,
    Form(
        r"[a-z0-9][a-z0-9.-]+[a-z0-9]",
        "is not the name of a bucket",
        "use 3 to 63 lower-case letters, digits, . and -",
        max_length=63,
    ),
]
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""


def _tag_faults(tags: Mapping[str, str]) -> Iterator[Fault]:
    for key, value in tags.items():
        if key.lower().startswith("aws:"):
            yield Fault(
                "begins with aws:, which AWS keeps for itself", "choose another key", (key,), f'key "{key}"'
            )
        elif not 1 <= len(key) <= 128:
            yield Fault("is not 1 to 128 characters long", "write another key", (key,), f'key "{key}"')
        elif not _is_tag_text(key):
            yield Fault(
                "has a character that AWS refuses in a tag",
                "use letters, digits, spaces and _.:/=+-@",
                (key,),
                f'key "{key}"',
            )
        if len(value) > 256:
            yield Fault(f"has {len(value)} characters, 256 are allowed", "write a shorter one", (key,))
        elif not _is_tag_text(value):
            yield Fault(
                "has a character that AWS refuses in a tag",
                "use letters, digits, spaces and _.:/=+-@",
                (key,),
            )
        if key.lower().startswith("airflow-efs:"):
            yield Fault(
                "begins with airflow-efs:, which the stacks keep for themselves",
                "choose another key",
                (key,),
                f'key "{key}"',
            )
    seen: dict[str, str] = {}
    for key in tags:
        if (former := seen.setdefault(key.lower(), key)) != key:
            yield Fault(
                f'differs from "{former}" in case only, which IAM takes for the same key',
                "keep one of them",
                (key,),
                f'key "{key}"',
            )
    if len(tags) > MOST_TAGS:
        yield Fault(
            f"has {len(tags)} tags; AWS allows 50 on a resource and the stacks add theirs",
            f"write at most {MOST_TAGS}",
            subject="",
        )


def _is_tag_text(text: str) -> bool:
    # Letters and digits of any script, as in the pattern of the services' own TagKey and TagValue.
    return re.fullmatch(r"[\w .:/=+\-@]*", text) is not None


def _check_tag_text(text: str) -> str:
    if not text:
        raise FaultsError([Fault("is empty", "write a name")])
    if len(text) > 256:
        raise FaultsError([Fault(f"has {len(text)} characters, 256 are allowed", "write a shorter one")])
    if not _is_tag_text(text):
        raise FaultsError(
            [Fault("has a character that AWS refuses in a tag", "use letters, digits, spaces and _.:/=+-@")]
        )
    return text


def _check_tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    FaultsError.raise_if_any(_tag_faults(tags))
    return tags


NameTag = Annotated[str, AfterValidator(_check_tag_text)]
"""A name that AWS keeps as the value of the tag Name."""

Tags = Annotated[Mapping[str, str], AfterValidator(_check_tags)]
