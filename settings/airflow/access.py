"""Who reaches Airflow, and what Airflow itself may reach."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from settings.aws import BucketName
from settings.faults import Fault, FaultsError
from settings.kubernetes import ObjectName
from settings.section import Form, Section

ALB_SCHEME: Final = "alb.ingress.kubernetes.io/scheme"
"""Annotation of an Ingress by which the AWS Load Balancer Controller faces the internet, or not."""

_CERTIFICATE: Final = "alb.ingress.kubernetes.io/certificate-arn"


class Ingress(Section):
    """An Ingress for Airflow's API server, which also serves the web pages."""

    host: Annotated[
        str,
        Form(
            r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+",
            "is not a host name",
            "write a name such as airflow.example.com",
            max_length=253,
        ),
    ] = Field(description="Host name.", examples=["airflow.example.com"])
    class_name: ObjectName = Field(description="IngressClass that serves it.", examples=["alb"])
    tls_secret: ObjectName | None = Field(
        default=None, description="Secret with the certificate; null: the annotations name one."
    )
    annotations: Mapping[str, str] = Field(default={}, description="Annotations of the Ingress.")
    public: bool = Field(default=False, description="Let a load balancer face the internet.")

    @model_validator(mode="after")
    def _is_closed(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.annotations.get(ALB_SCHEME) == "internet-facing" and not self.public:
            yield Fault(
                "opens Airflow to the internet, but public is false",
                "write internal, or public: true",
                ("annotations", ALB_SCHEME),
            )
        if self.public and self.annotations.get(ALB_SCHEME) == "internal":
            yield Fault(
                "is not public", "write internet-facing, or public: false", ("annotations", ALB_SCHEME)
            )
        if self.tls_secret is None and _CERTIFICATE not in self.annotations:
            yield Fault(
                "has no certificate: passwords would travel in clear text",
                f"write tls_secret, or the annotation {_CERTIFICATE}",
                subject="",
            )


class AdminUser(Section):
    """The first user of Airflow's pages, made by a job."""

    username: Annotated[
        str, Form(r"[A-Za-z0-9._@-]+", "is not a user name", "use letters, digits and ._@-", max_length=256)
    ] = Field(default="admin", description="Name.")
    email: Annotated[
        str, Form(r"[^\s@]+@[^\s@]+", "is not an e-mail address", "write NAME@DOMAIN", max_length=320)
    ] = Field(description="E-mail address.", examples=["platform@example.com"])
    password_secret: ObjectName = Field(
        description="Secret in airflow.namespace whose key password holds the password.",
        examples=["airflow-admin"],
    )


class RemoteLogging(Section):
    """Logs are also copied to Amazon S3 when a task ends."""

    bucket: BucketName = Field(description="An existing bucket.", examples=["example-airflow-logs"])
    prefix: Annotated[
        str,
        Form(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*", "is not a prefix", "write a path such as airflow/logs"),
    ] = Field(default="airflow", description="Path below which the logs are.")


PolicyArn = Annotated[
    str,
    Form(
        r"arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy/[A-Za-z0-9_+=,.@/-]+",
        "is not the ARN of an IAM policy",
        "write arn:aws:iam::ACCOUNT:policy/NAME",
    ),
]


class Permissions(Section):
    """What tasks and logs may reach in AWS, by a role for each service account."""

    identity: Literal["irsa", "pod-identity"] = Field(
        default="irsa",
        description="How pods get the credentials: IAM roles for service accounts, or EKS Pod Identity.",
    )
    task_policies: Annotated[tuple[PolicyArn, ...], Field(strict=False)] = Field(
        default=(), description="Managed policies of the role that tasks run as."
    )
    remote_logging: RemoteLogging | None = Field(
        default=None, description="Copy logs to Amazon S3, too; null: they are on the file system only."
    )
