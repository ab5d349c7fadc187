"""What one rehearsal consists of, decided by its owner and read by every process of it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rehearsal.charts import ChartSource

INVOCATION = "invocation-"
"""What the name of a folder in a rehearsal's own begins with that exists while a function runs."""


ADMINISTRATOR = "OrganizationAccountAccessRole"
"""The role by which the key of a rehearsal is at work in another account, as AWS Organizations makes it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Addresses, folders and secrets of one rehearsal. Everything listens on loopback only.

    The tokens are made anew for each rehearsal and lie in its own folder, which only its user can read.
    """

    environment: str
    environments: Path
    others: tuple[str, ...] = ()
    """The environments that exist besides it, in their own accounts and regions."""
    directory: Path
    kept_for: int
    """Seconds after which a kept rehearsal ends by itself."""
    binaries: dict[str, Path]
    charts: tuple[ChartSource, ...]
    scaling: bool = False
    """Whether there are nodes, a scheduler and KEDA."""
    account_port: int
    proxy_port: int
    task_metadata_port: int
    token_webhook_port: int
    pod_identity_port: int
    api_server_port: int
    etcd_port: int
    etcd_peer_port: int
    access_key: str = field(repr=False)
    """The AWS access key that the emulated account lets in."""
    admin_token: str = field(repr=False)
    driver_token: str = field(repr=False)

    @property
    def account_url(self) -> str:
        """The emulated account's endpoint; `localhost`, or S3's URLs of templates are not found."""
        return f"http://localhost:{self.account_port}"

    @property
    def proxy_url(self) -> str:
        """The HTTPS proxy that answers for AWS's own host names and for charts held locally."""
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def proxy_authority(self) -> Path:
        """The certificate that a program must trust to use the proxy."""
        return self.directory / "proxy-ca.pem"

    @property
    def api_server_url(self) -> str:
        """The Kubernetes API server."""
        return f"https://127.0.0.1:{self.api_server_port}"

    @property
    def api_server_authority(self) -> Path:
        """The API server's own certificate, which it makes when it starts."""
        return self.directory / "pki" / "apiserver.crt"

    @property
    def pod_identity_url(self) -> str:
        """Where a pod asks the EKS Pod Identity agent for credentials."""
        return f"http://127.0.0.1:{self.pod_identity_port}/v1/credentials"

    @property
    def pod_identity_webhook(self) -> Path:
        """What the cluster's webhook is told: which service accounts have an association."""
        return self.directory / "pod-identity-webhook.json"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.directory / "kubeconfig"

    @property
    def logs(self) -> Path:
        """One log file for each process and each function."""
        return self.directory / "logs"

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.logs / f"{name}.log"

    @property
    def service_network(self) -> Path:
        """The socket by which the API server reaches services; only where there is scaling."""
        return self.directory / "services.sock"

    def aws_environment(self) -> dict[str, str]:
        """The variables with which an AWS SDK or the CDK CLI reaches the emulated account only."""
        return {
            "AWS_ENDPOINT_URL": self.account_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_EC2_METADATA_DISABLED": "true",
            # A profile or a session token of the user's own must not be mixed in.
            "AWS_CONFIG_FILE": str(self.directory / "no-aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.directory / "no-aws-credentials"),
        }

    def proxy_environment(self) -> dict[str, str]:
        """The variables with which a program that cannot be given an endpoint uses the proxy."""
        return {
            "HTTPS_PROXY": self.proxy_url,
            "https_proxy": self.proxy_url,
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
            "AWS_CA_BUNDLE": str(self.proxy_authority),
        }

    @property
    def path(self) -> Path:
        """The file that holds the plan."""
        return self.directory / "plan.json"

    def write(self) -> None:
        """Write the plan, readable by its user only."""
        self.path.touch(mode=0o600)
        self.path.write_text(json.dumps(asdict(self), default=str, indent=2), encoding="utf-8")

    @classmethod
    def read(cls, directory: Path) -> "Plan":
        """The plan that lies in a rehearsal's folder."""
        raw = json.loads((directory / "plan.json").read_text(encoding="utf-8"))
        return cls(
            **{
                **raw,
                "environments": Path(raw["environments"]),
                "others": tuple(raw["others"]),
                "directory": Path(raw["directory"]),
                "binaries": {name: Path(path) for name, path in raw["binaries"].items()},
                "charts": tuple(
                    ChartSource(**{**chart, "archive": chart["archive"] and Path(chart["archive"])})
                    for chart in raw["charts"]
                ),
            }
        )
