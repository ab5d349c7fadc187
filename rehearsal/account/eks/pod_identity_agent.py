"""The EKS Pod Identity agent, and behind it AssumeRoleForPodIdentity: credentials for the token of a pod.

On a cluster the agent runs on every node and passes the token on to EKS. Here one server does both: it has
the API server review the token, looks for the association of its service account, and asks the role's trust
policy whether EKS may assume it with the tags of the session. The words of a refusal are those of EKS.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from rehearsal.account.eks.addons import POD_IDENTITY_AGENT, Addons
from rehearsal.account.eks.pod_identity import Association, Associations
from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.iam.role_policies import as_document
from rehearsal.account.iam.web_identity import begin_session
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.projected_token import POD_IDENTITY_AUDIENCE

_SERVICE = "pods.eks.amazonaws.com"
_ACCOUNT = "system:serviceaccount:"
_log = logging.getLogger(__name__)


class PodIdentityRefusalError(Exception):
    """EKS's answer to a pod that gets no credentials: HTTP status, code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


class PodIdentityAgent:
    """Gives out credentials for the pods of one cluster."""

    def __init__(self, api: KubernetesApi, *, cluster: str, account: str, region: str) -> None:
        """Answer for a cluster of an account and region; `api` is its API server."""
        self._api = api
        self._cluster, self._account, self._region = cluster, account, region

    def runs(self) -> bool:
        """Whether the cluster has the agent."""
        return Addons.of(self._account, self._region).find(self._cluster, POD_IDENTITY_AGENT) is not None

    def credentials(self, token: str) -> dict[str, str]:
        """Credentials in the form that SDKs expect of a container's endpoint.

        Raises:
            PodIdentityRefusalError: EKS refuses.
        """
        namespace, service_account, pod = self._reviewed(token)
        associations = Associations.of(self._account, self._region)
        association = associations.find(self._cluster, namespace, service_account)
        if association is None:
            raise PodIdentityRefusalError(
                404,
                "ResourceNotFoundException",
                f"No association found for service account {namespace}/{service_account} "
                f"in cluster {self._cluster}",
            )
        tags = self._tags(association, pod) if association.session_tags else {}
        if not self._trusts(association.role_arn, tags):
            raise PodIdentityRefusalError(
                400,
                "AccessDeniedException",
                "Unauthorized Exception! EKS does not have permissions to assume the associated role.",
            )
        session = sts_backends[self._account][get_partition(self._region)].assume_role(
            region_name=self._region,
            role_session_name=f"eks-{self._cluster}-{pod['name']}"[:64],
            role_arn=association.role_arn,
            policy="",
            duration=3600,
            external_id="",
        )
        _log.info("Pod Identity: %s for %s/%s", association.role_arn, namespace, service_account)
        begin_session(session.access_key_id, principal_tags=tags)
        return {
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token,
            "AccountId": self._account,
            "Expiration": session.expiration.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _reviewed(self, token: str) -> tuple[str, str, dict[str, str]]:
        review = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [POD_IDENTITY_AUDIENCE]},
        }
        answer = self._api.create("/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
        username = answer.get("user", {}).get("username", "")
        if not answer.get("authenticated") or not username.startswith(_ACCOUNT):
            raise PodIdentityRefusalError(
                400, "InvalidTokenException", "The token included in the request is invalid."
            )
        namespace, service_account = username.removeprefix(_ACCOUNT).split(":")
        extra = answer["user"].get("extra", {})
        name, uid = (
            extra.get(f"authentication.kubernetes.io/pod-{part}", [""])[0] for part in ("name", "uid")
        )
        return namespace, service_account, {"name": name or service_account, "uid": uid or "unknown"}

    def _tags(self, association: Association, pod: dict[str, str]) -> dict[str, str]:
        return {
            "eks-cluster-arn": self._cluster_arn(),
            "eks-cluster-name": self._cluster,
            "kubernetes-namespace": association.namespace,
            "kubernetes-service-account": association.service_account,
            "kubernetes-pod-name": pod["name"],
            "kubernetes-pod-uid": pod["uid"],
        }

    def _cluster_arn(self) -> str:
        partition = get_partition(self._region)
        return f"arn:{partition}:eks:{self._region}:{self._account}:cluster/{self._cluster}"

    def _trusts(self, role_arn: str, tags: dict[str, str]) -> bool:
        iam = iam_backends[self._account][get_partition(self._region)]
        role = next((role for role in iam.roles.values() if role.arn == role_arn), None)
        if role is None:
            return False
        trust = as_document(role.assume_role_policy_document)
        context: dict[str, str | list[str]] = {
            "aws:SourceAccount": self._account,
            "aws:SourceArn": self._cluster_arn(),
            **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
        }
        if tags:
            context["aws:TagKeys"] = list(tags)
        actions = ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]
        try:
            return all(
                is_allowed(Request(action=action, service=_SERVICE, context=context), [trust])
                for action in actions
            )
        except NotRehearsedError as error:
            _log.warning("%s", error)
            return False


def agent_server(port: int, agent: PodIdentityAgent) -> ThreadingHTTPServer:
    """A server on loopback that answers `GET /v1/credentials` as the agent does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not agent.runs():
                self.close_connection = True  # nobody listens on a node without the agent
                return
            status, body = _answer(lambda: agent.credentials(self.headers.get("Authorization", "")))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
            pass  # what is refused is logged with its reason

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _answer(credentials: Callable[[], dict[str, str]]) -> tuple[int, dict[str, str]]:
    try:
        return 200, credentials()
    except PodIdentityRefusalError as error:
        _log.warning("Pod Identity: %s", error)
        return error.status, {"code": error.code, "message": error.message}
    except OSError as error:
        return 500, {"code": "InternalServerException", "message": str(error)}
