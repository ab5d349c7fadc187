"""Who a bearer of an AWS token is in the cluster: the webhook that kube-apiserver asks, as EKS runs one.

A principal without an access entry (or, where the cluster's mode says so, without a row in the ConfigMap
aws-auth) is nobody: the API server answers Unauthorized. The rights of an access policy are those of
Kubernetes' own ClusterRoles, given to a group for each policy and scope; who is in the group is decided
anew at each authentication.
"""

import fnmatch
import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import yaml
from moto.eks.models import eks_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.utilities.utils import get_partition

from rehearsal.account.eks.access_entries import (
    ACCESS_POLICIES,
    AccessEntries,
    AccessEntry,
    AssociatedPolicy,
    authentication_mode,
)
from rehearsal.account.eks.cluster_tokens import TokenError, access_key_of
from rehearsal.kubernetes_api import KubernetesApi

_log = logging.getLogger(__name__)

_FORCE_SECONDS = 10.0


class UnknownPrincipalError(Exception):
    """The cluster trusts the principal neither by an access entry nor by aws-auth."""


class ClusterIdentity:
    """Finds the Kubernetes user of an AWS token, for one cluster."""

    def __init__(self, api: KubernetesApi, *, cluster: str, account: str, region: str) -> None:
        """Answer for a cluster of an account and region; `api` is its API server."""
        self._api = api
        self._cluster, self._account, self._region = cluster, account, region
        self._in_force: set[str] = set()

    def user_of(self, token: str) -> dict[str, Any]:
        """The user in the form of a TokenReview.

        Raises:
            TokenError: the token is not to be believed.
            UnknownPrincipalError: the cluster does not let its bearer in.
        """
        key = access_key_of(token, cluster=self._cluster, secret_of=self._secret_of)
        session = self._session(key)
        assert session is not None  # noqa: S101  # it had a secret
        cluster = eks_backends[self._account][self._region].clusters[self._cluster]
        mode = authentication_mode(cluster)
        entry = AccessEntries.of(self._account, self._region).find(self._cluster, session.role_arn)
        if entry and mode != "CONFIG_MAP":
            username, groups = entry.username, [*entry.groups, *self._policy_groups(entry)]
        elif mode != "API" and (row := self._aws_auth_row(session)):
            username, groups = row["username"], row.get("groups", [])
        else:
            raise UnknownPrincipalError(f"{session.role_arn} has no access to the cluster {self._cluster}")
        return {
            "username": _filled_in(username, session),
            "uid": f"aws-iam-authenticator:{self._account}:{session.user_id.partition(':')[0]}",
            "groups": groups,
            "extra": {
                "accessKeyId": [key],
                "arn": [session.arn],
                "canonicalArn": [_without_path(session.role_arn)],
                "sessionName": [session.session_name],
            },
        }

    def _session(self, key: str) -> AssumedRole | None:
        sts = sts_backends[self._account][get_partition(self._region)]
        return sts.get_assumed_role_from_access_key(key)

    def _secret_of(self, key: str) -> str | None:
        session = self._session(key)
        if session is None or session.expiration.replace(tzinfo=UTC) <= datetime.now(UTC):
            return None
        return str(session.secret_access_key)

    def _aws_auth_row(self, session: AssumedRole) -> dict[str, Any] | None:
        config = self._api.get("/api/v1/namespaces/kube-system/configmaps/aws-auth") or {}
        rows = yaml.safe_load((config.get("data") or {}).get("mapRoles", "")) or []
        # aws-iam-authenticator compares with the ARN of the role without its path.
        wanted = _without_path(session.role_arn).lower()
        return next((row for row in rows if row["rolearn"].lower() == wanted), None)

    def _policy_groups(self, entry: AccessEntry) -> list[str]:
        return [
            self._bound_group(policy, namespace)
            for policy in entry.policies.values()
            for namespace in self._namespaces(policy)
        ]

    def _namespaces(self, policy: AssociatedPolicy) -> list[str]:
        if not policy.namespaces:
            return [""]
        there = [item["metadata"]["name"] for item in (self._api.get("/api/v1/namespaces") or {})["items"]]
        return [name for name in there if any(fnmatch.fnmatchcase(name, one) for one in policy.namespaces)]

    def _bound_group(self, policy: AssociatedPolicy, namespace: str) -> str:
        group = f"rehearsal:{policy.name}" + (f":{namespace}" if namespace else "")
        api_group = "rbac.authorization.k8s.io"
        role = {"apiGroup": api_group, "kind": "ClusterRole", "name": ACCESS_POLICIES[policy.name]}
        binding = {
            "apiVersion": f"{api_group}/v1",
            "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
            "metadata": {"name": group},
            "roleRef": role,
            "subjects": [{"apiGroup": api_group, "kind": "Group", "name": group}],
        }
        place = f"namespaces/{namespace}/rolebindings" if namespace else "clusterrolebindings"
        if group not in self._in_force:
            self._api.ensure(f"/apis/{api_group}/v1/{place}", binding)
            self._await_force(group, namespace)
            self._in_force.add(group)
        return group

    def _await_force(self, group: str, namespace: str) -> None:
        # The authorizer hears of a binding a moment after it was made; EKS needs none for its policies.
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "groups": [group],
                "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": namespace},
            },
        }
        deadline = time.monotonic() + _FORCE_SECONDS
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        while not self._api.create(path, review)["status"]["allowed"]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the binding of {group} has no effect after {_FORCE_SECONDS:.0f} s")
            time.sleep(0.02)


def webhook_server(port: int, identities: Sequence[ClusterIdentity]) -> ThreadingHTTPServer:
    """A server on loopback that answers TokenReviews.

    Args:
        port: where to listen.
        identities: one for each cluster that the API server stands for: a token is good for one of them.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({**review, "status": _status(identities, review["spec"]["token"])}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
            pass  # what is refused is logged with its reason

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _status(identities: Sequence[ClusterIdentity], token: str) -> dict[str, Any]:
    refusals = []
    for identity in identities:
        try:
            return {"authenticated": True, "user": identity.user_of(token)}
        except (TokenError, UnknownPrincipalError) as error:
            refusals.append(str(error))
        except OSError as error:
            return {"authenticated": False, "error": str(error)}
    _log.warning("Unauthorized: %s", "; ".join(refusals))
    return {"authenticated": False}


def _filled_in(username: str, session: AssumedRole) -> str:
    return username.replace("{{SessionName}}", session.session_name).replace(
        "{{AccountID}}", session.account_id
    )


def _without_path(role_arn: str) -> str:
    account, _, name = role_arn.partition(":role/")
    return f"{account}:role/{name.rpartition('/')[2]}"
