"""A service account's token, as the kubelet projects it into a pod: in a file, renewed in time."""

import time
from pathlib import Path

from rehearsal.kubernetes_api import KubernetesApi

ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
"""The annotation of a service account that names its role."""

STS_AUDIENCE = "sts.amazonaws.com"
"""Whom a token for IAM roles for service accounts is for."""

POD_IDENTITY_AUDIENCE = "pods.eks.amazonaws.com"
"""Whom a token for EKS Pod Identity is for."""

_LIFETIME = 3600
_RENEW_AFTER = 0.8
"""The part of its life after which the kubelet renews a token."""

API_SERVER_AUDIENCE = "https://kubernetes.default.svc"
"""Whom a token for the API server itself is for."""


class ProjectedToken:
    """The token of one service account, in a file."""

    def __init__(
        self,
        api: KubernetesApi,
        *,
        namespace: str,
        service_account: str,
        path: Path,
        audience: str = STS_AUDIENCE,
    ) -> None:
        """Project into `path`; nothing is asked for yet."""
        self._api = api
        self._account = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}"
        self._path = path
        self._audience = audience
        self._renew_at = 0.0

    def role_arn(self) -> str | None:
        """The role that the service account is annotated with; None when it has no annotation.

        Raises:
            OSError: the API server does not answer.
            FileNotFoundError: there is no such service account; no pod could start.
        """
        account = self._api.get(self._account)
        if account is None:
            raise FileNotFoundError(f"there is no {self._account}")
        role: str | None = account["metadata"].get("annotations", {}).get(ROLE_ANNOTATION)
        return role

    def tend(self) -> None:
        """Write the token, if there is none yet or it has lived the most of its life.

        Raises:
            OSError: the API server does not answer, or refuses.
        """
        if time.monotonic() < self._renew_at:
            return
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": [self._audience], "expirationSeconds": _LIFETIME},
        }
        answer = self._api.create(f"{self._account}/token", request)
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(answer["status"]["token"], encoding="utf-8")
        fresh.replace(self._path)  # whoever reads it meets the old one or the new one
        self._renew_at = time.monotonic() + _LIFETIME * _RENEW_AFTER
