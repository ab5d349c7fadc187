"""UpdateClusterConfig of EKS for what a deployment depends on, and the calls that tell how an update went.

moto takes the call for a few settings, passes over `accessConfig`, forgets what `resourcesVpcConfig` does not
name, and answers with the cluster instead of an update; it keeps no updates. Here the authentication mode
changes as on EKS, one step at a time and never back, and access entries decide from then on; who may reach
the endpoint changes in the description only. Every other setting is refused as not rehearsed. An update is
done when the answer comes; EKS takes minutes.
https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
"""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.eks import urls
from moto.eks.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.eks.models import Cluster
from moto.eks.responses import EKSResponse

from rehearsal.account.eks.access_entries import MODES, authentication_mode
from rehearsal.account.eks.clusters import cluster_named
from rehearsal.account.recorded_only import NotRehearsedError

_SETTINGS = (
    "accessConfig",
    "computeConfig",
    "controlPlaneScalingConfig",
    "deletionProtection",
    "kubeApiServerConfig",
    "kubeControllerManagerConfig",
    "kubeSchedulerConfig",
    "kubernetesNetworkConfig",
    "logging",
    "remoteNetworkConfig",
    "resourcesVpcConfig",
    "storageConfig",
    "upgradePolicy",
    "zonalShiftConfig",
)
"""What UpdateClusterConfig can change: one of them in a call."""


_OF_THE_ENDPOINT = {
    "endpointPrivateAccess": "EndpointPrivateAccess",
    "endpointPublicAccess": "EndpointPublicAccess",
    "publicAccessCidrs": "PublicAccessCidrs",
}
"""What of `resourcesVpcConfig` says who may reach the API server, and its name in an update."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """A change of a cluster or of an add-on."""

    kind: str
    """EKS's word, such as `AccessConfigUpdate`."""
    addon: str | None = None
    """The add-on that was changed; None for the cluster itself."""
    params: dict[str, str] = field(default_factory=dict)
    """What was changed, and to what."""
    error: tuple[str, str] | None = None
    """Code and words, where it failed."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def described(self) -> dict[str, Any]:
        """The update as EKS describes it, when it is over."""
        errors = [{"errorCode": self.error[0], "errorMessage": self.error[1]}] if self.error else []
        return {
            "id": self.id,
            "status": "Failed" if errors else "Successful",
            "type": self.kind,
            "params": [{"type": name, "value": value} for name, value in self.params.items()],
            "createdAt": self.created_at,
            "errors": errors,
        }


def install() -> None:
    """Add the calls; before the server starts, because it reads its routes once."""
    for method in (update_cluster_config, describe_update, list_updates):
        setattr(EKSResponse, method.__name__, method)
    updates = "{0}/clusters/(?P<name>[^/]+)/updates"
    urls.url_paths[f"{updates}$"] = EKSResponse.dispatch
    urls.url_paths[f"{updates}/(?P<updateId>[^/]+)$"] = EKSResponse.dispatch


def note(cluster: Cluster, update: Update) -> dict[str, Any]:
    """Keep an update with its cluster; returns its description."""
    _updates(cluster)[update.id] = update
    return update.described()


def update_cluster_config(self: EKSResponse) -> ActionResult:
    """UpdateClusterConfig."""
    cluster = _cluster(self)
    given = [name for name in _SETTINGS if self._get_param(name) is not None]
    if not given:
        raise InvalidParameterException(message="The type for cluster update was not provided.")
    if len(given) > 1:
        raise InvalidParameterException(message="Only one type of update can be allowed.")
    setting = given[0]
    match setting:
        case "accessConfig":
            update = _set_mode(cluster, self._get_param(setting).get("authenticationMode"))
        case "resourcesVpcConfig":
            update = _set_endpoint(cluster, self._get_param(setting))
        case _:
            raise NotRehearsedError(f"not rehearsed: {setting} of UpdateClusterConfig")
    return ActionResult({"update": {**note(cluster, update), "status": "InProgress"}})


def _set_mode(cluster: Cluster, wanted: str | None) -> Update:
    former = authentication_mode(cluster)
    if wanted not in MODES or MODES.index(wanted) != MODES.index(former) + 1:
        raise InvalidParameterException(
            message=f"Unsupported authentication mode update from {former} to {wanted}"
        )
    cluster.access_config = {"authenticationMode": wanted}  # type: ignore[attr-defined]
    return Update(kind="AccessConfigUpdate", params={"AuthenticationMode": wanted})


def _set_endpoint(cluster: Cluster, wanted: dict[str, Any]) -> Update:
    """Who may reach the API server; what the call does not name stays as it is."""
    if other := [name for name in wanted if name not in _OF_THE_ENDPOINT]:
        raise NotRehearsedError(f"not rehearsed: {other[0]} of resourcesVpcConfig of UpdateClusterConfig")
    cluster.resources_vpc_config = {**cluster.resources_vpc_config, **wanted}
    params = {_OF_THE_ENDPOINT[name]: json.dumps(value) for name, value in wanted.items()}
    return Update(kind="EndpointAccessUpdate", params=params)


def describe_update(self: EKSResponse) -> ActionResult:
    """DescribeUpdate."""
    wanted = self._get_param("updateId")
    found = _updates(_cluster(self)).get(wanted)
    if found is None or found.addon != self._get_param("addonName"):
        raise ResourceNotFoundException(message=f"No update found for ID: {wanted}")
    return ActionResult({"update": found.described()})


def list_updates(self: EKSResponse) -> ActionResult:
    """ListUpdates: those of an add-on where the call names one; all on one page."""
    addon = self._get_param("addonName")
    updates = _updates(_cluster(self)).values()
    return ActionResult({"updateIds": [update.id for update in updates if update.addon == addon]})


def _cluster(call: EKSResponse) -> Cluster:
    return cluster_named(call._get_param("name"), account=call.current_account, region=call.region)


def _updates(cluster: Cluster) -> dict[str, Update]:
    if not hasattr(cluster, "updates"):
        cluster.updates = {}  # type: ignore[attr-defined]
    return cluster.updates  # type: ignore[no-any-return,attr-defined]
