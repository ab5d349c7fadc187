"""A real Kubernetes API: etcd, kube-apiserver and kube-controller-manager, on loopback."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rehearsal.plan import Plan
from rehearsal.processes import Server
from rehearsal.tls import context_trusting

DRIVER_USER = "system:serviceaccount:kube-system:efs-csi-controller-sa"
"""As whom the driver and its provisioner reach the API server: the chart's own RBAC rules decide."""

_START_SECONDS = 60.0
"""How long a server may take to become ready; 3 s is usual, a machine under load needs more."""


def start_etcd(plan: Plan) -> Server:
    """Start etcd in memory-backed durability: without fsync, because nothing outlives a rehearsal."""
    client, peer = f"http://127.0.0.1:{plan.etcd_port}", f"http://127.0.0.1:{plan.etcd_peer_port}"
    server = Server(
        name="etcd",
        command=[
            str(plan.binaries["etcd"]),
            f"--data-dir={plan.directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
        log=plan.log("etcd"),
    )
    server.wait_until(lambda: _answers(f"{client}/health"), seconds=_START_SECONDS)
    return server


def start_api_server(plan: Plan, *, issuer: str) -> Server:
    """Start kube-apiserver: RBAC, service account tokens of `issuer`, AWS tokens by the account's webhook.

    Started again, it is the same API server: it finds its keys and its certificate.
    """
    pki = plan.directory / "pki"
    pki.mkdir(exist_ok=True)
    key = _write_service_account_key(pki / "service-account.pem")
    server = Server(
        name="kube-apiserver",
        command=[
            str(plan.binaries["kube-apiserver"]),
            f"--etcd-servers=http://127.0.0.1:{plan.etcd_port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={plan.api_server_port}",
            f"--cert-dir={pki}",
            # The address of a server on loopback cannot be an endpoint of the service `kubernetes`.
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            f"--token-auth-file={_write_tokens(plan, pki / 'tokens.csv')}",
            f"--authentication-token-webhook-config-file={_write_webhook(plan, pki / 'webhook.yaml')}",
            "--authentication-token-webhook-version=v1",
            # An access entry that is gone counts at once.
            "--authentication-token-webhook-cache-ttl=0s",
            f"--service-account-issuer={issuer}",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--api-audiences=https://kubernetes.default.svc",
            "--allow-privileged=true",
        ],
        log=plan.log("kube-apiserver"),
    )
    server.wait_until(
        lambda: (
            plan.api_server_authority.exists()
            and _answers(
                f"{plan.api_server_url}/readyz", token=plan.admin_token, authority=plan.api_server_authority
            )
        ),
        seconds=_START_SECONDS,
    )
    _write_kubeconfig(plan, plan.kubeconfig, user="admin", token=plan.admin_token)
    _write_kubeconfig(plan, plan.directory / "driver.kubeconfig", user="driver", token=plan.driver_token)
    return server


def start_controller_manager(plan: Plan) -> Server:
    """Start kube-controller-manager without the controllers that need nodes."""
    return Server(
        name="kube-controller-manager",
        command=[
            str(plan.binaries["kube-controller-manager"]),
            f"--kubeconfig={plan.kubeconfig}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
            "--controllers=*,-node-ipam-controller,-node-lifecycle-controller",
            f"--service-account-private-key-file={plan.directory / 'pki' / 'service-account.pem'}",
            # Both defaults (20 and 30) hold a burst of claims back.
            "--kube-api-qps=400",
            "--kube-api-burst=600",
        ],
        log=plan.log("kube-controller-manager"),
    )


def _answers(url: str, *, token: str | None = None, authority: Path | None = None) -> bool:
    request = urllib.request.Request(  # noqa: S310  # the URL is ours
        url, headers={"Authorization": f"Bearer {token}"} if token else {}
    )
    context = context_trusting(authority) if authority else None
    try:
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _write_service_account_key(path: Path) -> Path:
    if path.exists():
        return path  # tokens that were signed with it must stay good
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return path


def _write_tokens(plan: Plan, path: Path) -> Path:
    service_accounts = "system:serviceaccounts,system:serviceaccounts:kube-system,system:authenticated"
    rows = [
        f'{plan.admin_token},admin,admin,"system:masters"',
        f'{plan.driver_token},{DRIVER_USER},driver,"{service_accounts}"',
    ]
    path.touch(mode=0o600)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def _write_webhook(plan: Plan, path: Path) -> Path:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "account",
        "clusters": [
            {"name": "account", "cluster": {"server": f"http://127.0.0.1:{plan.token_webhook_port}/"}}
        ],
        "users": [{"name": "api-server", "user": {}}],
        "contexts": [{"name": "account", "context": {"cluster": "account", "user": "api-server"}}],
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _write_kubeconfig(plan: Plan, path: Path, *, user: str, token: str) -> None:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "rehearsal",
        "clusters": [
            {
                "name": "rehearsal",
                "cluster": {
                    "server": plan.api_server_url,
                    "certificate-authority": str(plan.api_server_authority),
                },
            }
        ],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "rehearsal", "context": {"cluster": "rehearsal", "user": user}}],
    }
    path.touch(mode=0o600)
    # Through JSON: PyYAML writes anchors for values that occur twice.
    path.write_text(yaml.safe_dump(json.loads(json.dumps(content))), encoding="utf-8")
