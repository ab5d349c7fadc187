"""A real Kubernetes API: etcd, kube-apiserver and kube-controller-manager, on loopback."""

import urllib.request
from http.client import HTTPException
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from rehearsal.kubeconfig import write_kubeconfig
from rehearsal.plan import Plan
from rehearsal.processes import Server
from rehearsal.tls import context_trusting, write_client_certificate

DRIVER_USER = "system:serviceaccount:kube-system:efs-csi-controller-sa"
"""As whom the driver and its provisioner reach the API server: the chart's own RBAC rules decide."""

_START_SECONDS = 60.0
"""How long a server may take to become ready; 3 s is usual, a machine under load needs more."""


_CONTROLLERS = ("--controllers=*,-node-ipam-controller,-node-lifecycle-controller",)

_SCALING_CONTROLLERS = (
    "--controllers=*,-node-ipam-controller",
    # As in a real cluster: whether the autoscaler may ask KEDA is for the chart's RBAC rules to decide.
    "--use-service-account-credentials=true",
    # A rehearsal does not take 15 s for a look at a metric and 5 minutes for a step down.
    "--horizontal-pod-autoscaler-sync-period=1s",
    "--horizontal-pod-autoscaler-downscale-stabilization=5s",
)


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
    server.wait_until(lambda: answers(f"{client}/health"), seconds=_START_SECONDS)
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
            *(_aggregation(plan, pki) if plan.scaling else ()),
        ],
        log=plan.log("kube-apiserver"),
    )
    server.wait_until(
        lambda: (
            plan.api_server_authority.exists()
            and answers(
                f"{plan.api_server_url}/readyz", token=plan.admin_token, authority=plan.api_server_authority
            )
        ),
        seconds=_START_SECONDS,
    )
    write_kubeconfig(plan, plan.kubeconfig, user="admin", token=plan.admin_token)
    write_kubeconfig(plan, plan.directory / "driver.kubeconfig", user="driver", token=plan.driver_token)
    return server


def start_controller_manager(plan: Plan) -> Server:
    """Start kube-controller-manager; without nodes, without the controllers that need them."""
    return Server(
        name="kube-controller-manager",
        command=[
            str(plan.binaries["kube-controller-manager"]),
            f"--kubeconfig={plan.kubeconfig}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
            *(_SCALING_CONTROLLERS if plan.scaling else _CONTROLLERS),
            f"--service-account-private-key-file={plan.directory / 'pki' / 'service-account.pem'}",
            # Both defaults (20 and 30) hold a burst of claims back.
            "--kube-api-qps=400",
            "--kube-api-burst=600",
        ],
        log=plan.log("kube-controller-manager"),
    )


def start_scheduler(plan: Plan) -> Server:
    """Start kube-scheduler, which binds pods to the nodes of `rehearsal/nodes.py`."""
    return Server(
        name="kube-scheduler",
        command=[
            str(plan.binaries["kube-scheduler"]),
            f"--kubeconfig={plan.kubeconfig}",
            f"--authentication-kubeconfig={plan.kubeconfig}",
            f"--authorization-kubeconfig={plan.kubeconfig}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
        ],
        log=plan.log("kube-scheduler"),
    )


def _aggregation(plan: Plan, pki: Path) -> list[str]:
    """How the API server passes requests on to another one that an APIService names.

    It tells that server who asks by its own client certificate, and reaches it by the rehearsal's stand-in
    for the network of the services.
    """
    certificate, key = write_client_certificate(pki, name="front-proxy-client")
    egress = pki / "egress.yaml"
    content = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            {
                "name": "cluster",
                "connection": {
                    "proxyProtocol": "HTTPConnect",
                    "transport": {"uds": {"udsName": str(plan.service_network)}},
                },
            }
        ],
    }
    egress.write_text(yaml.safe_dump(content), encoding="utf-8")
    return [
        f"--egress-selector-config-file={egress}",
        f"--proxy-client-cert-file={certificate}",
        f"--proxy-client-key-file={key}",
        # Self-signed: the certificate is its own authority.
        f"--requestheader-client-ca-file={certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    ]


def answers(url: str, *, token: str | None = None, authority: Path | None = None) -> bool:
    """Whether a server says that all is well with it.

    Args:
        url: where it says so.
        token: as whom it is asked. Default: nobody.
        authority: the certificate that makes it trusted; the server may still be writing it. Default: none,
            for HTTP.
    """
    request = urllib.request.Request(  # noqa: S310  # the URL is ours
        url, headers={"Authorization": f"Bearer {token}"} if token else {}
    )
    try:
        context = context_trusting(authority) if authority else None
        with urllib.request.urlopen(request, timeout=2, context=context) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, HTTPException):
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
