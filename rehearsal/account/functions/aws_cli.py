"""The commands of the AWS CLI that CDK's kubectl handler calls, against the emulated account.

`aws eks update-kubeconfig` asks the account for the cluster's endpoint and certificate, as the real one does.
It writes the token that `aws eks get-token` would sign, and not the command: kubectl need not start it then.
"""

import argparse
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.account.eks.cluster_tokens import make_token


def main() -> int:
    """Parse and run one command; the exit status is the CLI's (254 for an error of the service, else 255)."""
    parser = argparse.ArgumentParser(prog="aws")
    services = parser.add_subparsers(required=True)
    eks = services.add_parser("eks").add_subparsers(required=True).add_parser("update-kubeconfig")
    eks.add_argument("--name", required=True)
    eks.add_argument("--kubeconfig", type=Path, required=True)
    eks.set_defaults(run=lambda arguments: _update_kubeconfig(arguments.name, arguments.kubeconfig))
    s3 = services.add_parser("s3").add_subparsers(required=True).add_parser("cp")
    s3.add_argument("source")
    s3.add_argument("target", type=Path)
    s3.set_defaults(run=lambda arguments: _copy(arguments.source, arguments.target))
    for registry in ("ecr", "ecr-public"):  # the proxy, in a registry's place, takes any password
        login = services.add_parser(registry).add_subparsers(required=True).add_parser("get-login-password")
        login.add_argument("--region")
        login.set_defaults(run=lambda _: sys.stdout.write(f"{secrets.token_urlsafe(16)}\n"))
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except ClientError as error:
        sys.stderr.write(f"\n{error}\n")
        return 254
    except BotoCoreError as error:
        sys.stderr.write(f"\n{error}\n")
        return 255
    return 0


def _update_kubeconfig(name: str, path: Path) -> None:
    eks = boto3.client("eks")
    cluster = eks.describe_cluster(name=name)["cluster"]
    token = make_token(cluster=name, region=eks.meta.region_name)
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "aws",
        "clusters": [
            {
                "name": "aws",
                "cluster": {
                    "server": cluster["endpoint"],
                    "certificate-authority-data": cluster["certificateAuthority"]["data"],
                },
            }
        ],
        "users": [{"name": "aws", "user": {"token": token}}],
        "contexts": [{"name": "aws", "context": {"cluster": "aws", "user": "aws"}}],
    }
    path.touch(mode=0o600)  # there is a token in it
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def _copy(source: str, target: Path) -> None:
    location = urlsplit(source)
    boto3.client("s3").download_file(location.netloc, location.path.lstrip("/"), str(target))


if __name__ == "__main__":
    sys.exit(main())
