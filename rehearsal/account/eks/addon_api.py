"""The calls of EKS about add-ons: moto has none of them."""

from typing import Any

from moto.core.responses import ActionResult
from moto.eks import urls
from moto.eks.responses import EKSResponse

from rehearsal.account.eks.addons import DRIVER, Addon, Addons
from rehearsal.account.eks.clusters import cluster_named
from rehearsal.account.eks.updates import Update, note
from settings.versions import CLUSTER_VERSIONS, EFS_CSI_DRIVER_ADDON


def install() -> None:
    """Add the calls; before the server starts, because it reads its routes once."""
    for method in (
        create_addon,
        describe_addon,
        list_addons,
        update_addon,
        delete_addon,
        describe_addon_versions,
    ):
        setattr(EKSResponse, method.__name__, method)
    addons = "{0}/clusters/(?P<name>[^/]+)/addons"
    urls.url_paths[f"{addons}$"] = EKSResponse.dispatch
    urls.url_paths[f"{addons}/(?P<addonName>[^/]+)$"] = EKSResponse.dispatch
    urls.url_paths[f"{addons}/(?P<addonName>[^/]+)/update$"] = EKSResponse.dispatch
    urls.url_paths["{0}/addons/supported-versions$"] = EKSResponse.dispatch


def create_addon(self: EKSResponse) -> ActionResult:
    """CreateAddon."""
    addon = _addons(self).create(
        self._get_param("name"),
        self._get_param("addonName"),
        **_wanted(self),
        tags=self._get_param("tags"),
    )
    return ActionResult({"addon": _described(self, addon)})


def describe_addon(self: EKSResponse) -> ActionResult:
    """DescribeAddon."""
    return ActionResult({"addon": _described(self, _addons(self).get(*_key(self)))})


def list_addons(self: EKSResponse) -> ActionResult:
    """ListAddons; all on one page."""
    return ActionResult({"addons": _addons(self).list(self._get_param("name"))})


def update_addon(self: EKSResponse) -> ActionResult:
    """UpdateAddon; it is done when the answer comes."""
    addon = _addons(self).update(*_key(self), **_wanted(self))
    cluster = cluster_named(addon.cluster, account=self.current_account, region=self.region)
    update = Update(kind="AddonUpdate", addon=addon.name, error=addon.issue, created_at=addon.modified_at)
    return ActionResult({"update": note(cluster, update)})


def delete_addon(self: EKSResponse) -> ActionResult:
    """DeleteAddon."""
    preserve = str(self._get_param("preserve")).lower() == "true"
    addon = _addons(self).delete(*_key(self), preserve=preserve)
    return ActionResult({"addon": {**_described(self, addon), "status": "DELETING"}})


def describe_addon_versions(self: EKSResponse) -> ActionResult:
    """DescribeAddonVersions: the one version of the driver that this project knows of."""
    if self._get_param("addonName") not in (None, DRIVER):
        return ActionResult({"addons": []})
    wanted = self._get_param("kubernetesVersion")
    compatible = [
        {"clusterVersion": version, "platformVersions": ["*"], "defaultVersion": True}
        for version in CLUSTER_VERSIONS
        if wanted in (None, version)
    ]
    version = {"addonVersion": EFS_CSI_DRIVER_ADDON, "compatibilities": compatible}
    driver = {
        "addonName": DRIVER,
        "type": "storage",
        "publisher": "eks",
        "owner": "aws",
        "addonVersions": [version],
    }
    return ActionResult({"addons": [driver] if compatible else []})


def _addons(call: EKSResponse) -> Addons:
    return Addons.of(call.current_account, call.region)


def _key(call: EKSResponse) -> tuple[str, str]:
    return call._get_param("name"), call._get_param("addonName")


def _wanted(call: EKSResponse) -> dict[str, Any]:
    associations = call._get_param("podIdentityAssociations")
    return {
        "version": call._get_param("addonVersion"),
        "configuration": call._get_param("configurationValues"),
        "role_arn": call._get_param("serviceAccountRoleArn"),
        "associations": (
            None if associations is None else {one["serviceAccount"]: one["roleArn"] for one in associations}
        ),
        "resolve_conflicts": call._get_param("resolveConflicts"),
    }


def _described(call: EKSResponse, addon: Addon) -> dict[str, Any]:
    issues = [{"code": addon.issue[0], "message": addon.issue[1]}] if addon.issue else []
    described: dict[str, Any] = {
        "addonName": addon.name,
        "clusterName": addon.cluster,
        "status": addon.status,
        "addonVersion": addon.version,
        "health": {"issues": issues},
        "addonArn": addon.arn,
        "createdAt": addon.created_at,
        "modifiedAt": addon.modified_at,
        "tags": addon.tags,
    }
    optional = {
        "serviceAccountRoleArn": addon.role_arn,
        "configurationValues": addon.configuration,
        "podIdentityAssociations": _addons(call).associations_of(addon),
    }
    return described | {name: value for name, value in optional.items() if value}
