"""A Kubernetes client for the very cluster that EKS names, whatever the current context is.

A context of the kubeconfig is used where its server is the cluster's endpoint; else the AWS credentials of
the shell sign a token, as `aws eks get-token` does. So nothing is ever read from another cluster by mistake.
"""

import base64
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client as kubernetes
from kubernetes import config as kubernetes_config

from rehearsal.account.eks.cluster_tokens import make_token

_DEFAULT = Path.home() / ".kube" / "config"

_MALFORMED = (AttributeError, KeyError, TypeError, UnicodeDecodeError)
"""What a file raises that is YAML, or not even text, and no kubeconfig."""


def cluster_client(cluster: Mapping[str, Any], *, region: str) -> kubernetes.ApiClient:
    """A client of a cluster.

    Args:
        cluster: the cluster as EKS describes it.
        region: its region.

    Raises:
        TokenError: there are no AWS credentials to sign a token with.
        ConfigException: the kubeconfig's context cannot be used.
    """
    configuration = kubernetes.Configuration()
    # An endpoint that nobody reaches is told at once.
    configuration.retries = False
    found = matching_context(str(cluster["endpoint"]))
    if found is not None:
        path, context = found
        try:
            kubernetes_config.load_kube_config(
                config_file=str(path), context=context, client_configuration=configuration
            )
        except _MALFORMED as error:
            raise _unreadable(path, error) from error
        return kubernetes.ApiClient(configuration)
    configuration.host = cluster["endpoint"]
    try:
        authority = base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
    except (KeyError, ValueError) as error:
        raise kubernetes_config.ConfigException(
            f"EKS gives no certificate authority of the cluster {cluster['name']} that can be read"
        ) from error
    configuration.ca_cert_data = authority  # type: ignore[attr-defined]  # the stubs do not know it
    token = make_token(cluster=cluster["name"], region=region)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return kubernetes.ApiClient(configuration)


def current_client() -> kubernetes.ApiClient:
    """A client of the cluster of the kubeconfig's current context.

    Raises:
        ConfigException: there is no such file or context, or it cannot be used.
    """
    # Named, because the library looks at the variable only when it is imported.
    named = os.environ.get("KUBECONFIG")
    try:
        return kubernetes_config.new_client_from_config(config_file=named)
    except (yaml.YAMLError, OSError, *_MALFORMED) as error:
        raise _unreadable(named or _DEFAULT, error) from error


def matching_context(endpoint: str) -> tuple[Path, str] | None:
    """The kubeconfig file and the context whose server is an endpoint; the current context comes first."""
    for path, content in _kubeconfigs():
        try:
            matching = [*_contexts(content, endpoint)]
        except _MALFORMED as error:
            raise _unreadable(path, error) from error
        current = content.get("current-context")
        if current in matching:
            return path, str(current)
        if matching:
            return path, str(matching[0])
    return None


def _contexts(content: Mapping[str, Any], endpoint: str) -> Iterator[str]:
    servers = {
        entry["name"]: str(entry["cluster"].get("server", "")) for entry in content.get("clusters") or []
    }
    for entry in content.get("contexts") or []:
        server = servers.get(entry["context"].get("cluster"), "")
        if server.rstrip("/").lower() == endpoint.rstrip("/").lower():
            yield entry["name"]


def _unreadable(path: Path | str, error: Exception) -> kubernetes_config.ConfigException:
    words = " ".join(str(error).split()) or type(error).__name__
    return kubernetes_config.ConfigException(f"the kubeconfig {path} cannot be read: {words}")


def _kubeconfigs() -> Iterator[tuple[Path, Mapping[str, Any]]]:
    named = os.environ.get("KUBECONFIG") or str(_DEFAULT)
    for name in named.split(os.pathsep):
        path = Path(name).expanduser()
        if not name or not path.is_file():
            continue
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        if isinstance(content, dict):
            yield path, content
