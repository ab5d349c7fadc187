"""What an EKS add-on puts into its cluster: the objects of the driver, applied by server-side apply.

EKS makes the add-on of the driver's chart and applies it as the field manager `eks`: where another manager
has set a field to another value, the API server reports a conflict, and EKS gives up or takes it over.
https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-field-management.html
"""

import json
import urllib.error
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.charts import ChartSource
from rehearsal.helm import render_chart
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.projected_token import ROLE_ANNOTATION

FIELD_MANAGER = "eks"
"""As whom EKS applies."""

_NAMESPACE = "kube-system"
_IMAGES = "602401143452.dkr.ecr.{region}.amazonaws.com/eks"
"""Where EKS has the images of its add-ons, in most regions of the partition aws."""

_PLACES = {
    "ClusterRole": "apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "CSIDriver": "apis/storage.k8s.io/v1/csidrivers",
    "DaemonSet": "apis/apps/v1/namespaces/{namespace}/daemonsets",
    "Deployment": "apis/apps/v1/namespaces/{namespace}/deployments",
    "PodDisruptionBudget": "apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets",
    "Role": "apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/roles",
    "RoleBinding": "apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings",
    "Service": "api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "api/v1/namespaces/{namespace}/serviceaccounts",
}
_ORDER = ("ServiceAccount", "ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding", "CSIDriver")
"""What comes before the pods that need it."""


class AddonObjectsError(Exception):
    """Why the objects cannot be applied: the code of the add-on's health issue, and its words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class AddonObjects:
    """The objects of the driver's add-on in one cluster."""

    def __init__(
        self, api: KubernetesApi, *, chart: ChartSource, helm: Callable[[], Path], directory: Path
    ) -> None:
        """Make them of a chart.

        Args:
            api: the cluster.
            chart: what the rehearsal has as the driver's chart.
            helm: called for the program that renders it.
            directory: the rehearsal's folder.
        """
        self._api = api
        self._chart = chart
        self._helm = helm
        self._directory = directory

    def rendered(
        self, *, version: str, configuration: dict[str, Any], role_arn: str | None, region: str
    ) -> list[dict[str, Any]]:
        """The objects of a version of the add-on.

        Args:
            version: the add-on's, which is that of its image.
            configuration: the values of the user.
            role_arn: with which EKS annotates both service accounts; None without IRSA.
            region: where the images come from.
        """
        image = {
            "repository": f"{_IMAGES.format(region=region)}/aws-efs-csi-driver",
            "tag": version.partition("-")[0],
        }
        objects = render_chart(
            self._chart,
            {**configuration, "image": image},
            namespace=_NAMESPACE,
            helm=self._helm(),
            directory=self._directory,
        )
        return sorted((_as_addon(one, role_arn) for one in objects), key=_position)

    def apply(self, objects: list[dict[str, Any]], *, overwrite: bool) -> None:
        """Apply them all, or nothing.

        Raises:
            AddonObjectsError: in EKS's words: a conflict that is not to be overwritten, or what the API
                server refuses.
        """
        conflicts = [text for one in objects for text in self._try(one, overwrite=overwrite)]
        if conflicts:
            listed = "\n".join(conflicts)
            raise AddonObjectsError(
                "ConfigurationConflict",
                "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. "
                f"Conflicts:\n{listed}",
            )
        for one in objects:
            self._api.apply(_path(one), one, manager=FIELD_MANAGER, force=overwrite)

    def delete(self, objects: list[dict[str, Any]]) -> None:
        """Delete those that EKS has applied; what somebody else has made since stays."""
        for one in reversed(objects):
            found = self._api.get(_path(one))
            managers = {
                field["manager"] for field in (found or {}).get("metadata", {}).get("managedFields", [])
            }
            if FIELD_MANAGER in managers:
                self._api.delete(_path(one))

    def _try(self, one: dict[str, Any], *, overwrite: bool) -> Iterator[str]:
        try:
            self._api.apply(_path(one), one, manager=FIELD_MANAGER, force=overwrite, dry_run=True)
        except urllib.error.HTTPError as error:
            status = json.load(error)
            if error.code != 409:
                raise AddonObjectsError("AdmissionRequestDenied", status["message"]) from error
            for cause in status.get("details", {}).get("causes", []):
                yield f"{_in_words(one)} - {cause['field']}"


def _as_addon(one: dict[str, Any], role_arn: str | None) -> dict[str, Any]:
    metadata = {**one["metadata"]}
    annotations = {
        key: value for key, value in metadata.pop("annotations", {}).items() if not key.startswith("helm.sh/")
    }
    if one["kind"] not in _PLACES:
        raise NotRehearsedError(f"not rehearsed: a {one['kind']} of an add-on")
    if "{namespace}" in _PLACES[one["kind"]]:
        metadata.setdefault("namespace", _NAMESPACE)
    if one["kind"] == "ServiceAccount" and role_arn is not None:
        annotations[ROLE_ANNOTATION] = role_arn
    return {**one, "metadata": metadata | ({"annotations": annotations} if annotations else {})}


def _position(one: dict[str, Any]) -> int:
    return _ORDER.index(one["kind"]) if one["kind"] in _ORDER else len(_ORDER)


def _path(one: dict[str, Any]) -> str:
    metadata = one["metadata"]
    place = _PLACES[one["kind"]].format(namespace=metadata.get("namespace"))
    return f"/{place}/{metadata['name']}"


def _in_words(one: dict[str, Any]) -> str:
    group = one["apiVersion"].rpartition("/")[0]
    return f"{one['kind']}{f'.{group}' if group else ''} {one['metadata']['name']}"
