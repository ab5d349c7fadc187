"""Access points as EFS keeps them: on a file system that exists, one for a token, no more than the quota.

moto makes an access point of any file system, twice for one client token, without end; and to delete an
unknown one succeeds. Its `AWS::EFS::AccessPoint` has no id and no attribute, and its tags do not change.
"""

import re
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.efs.exceptions import AccessPointNotFound
from moto.efs.models import AccessPoint, EFSBackend, efs_backends
from moto.efs.responses import EFSResponse

from rehearsal.account.cloudformation.concurrency import MOTO
from rehearsal.account.efs.conditions import EfsConditions
from rehearsal.account.efs.errors import ServiceError, bad_request
from rehearsal.account.efs.life_cycle import answer, available, existing
from rehearsal.account.tags import tags_of

_LONGEST_PATH = 100
_MOST_DIRECTORIES = 4
_PATH = rf"/|(?:/(?!\.)[^$#<>;`|&?{{}}^*/\n]+){{1,{_MOST_DIRECTORIES}}}"
"""https://docs.aws.amazon.com/efs/latest/ug/API_RootDirectory.html"""
_PAGE = 100
"""How many access points `DescribeAccessPoints` returns, unless it is asked for another number."""


def install() -> None:
    """Put EFS's refusals before moto's own work, and complete the resource type."""
    backend: Any = EFSBackend
    backend.create_access_point = _guarded_creation(backend.create_access_point)
    backend.delete_access_point = _guarded_deletion(backend.delete_access_point)
    responses: Any = EFSResponse
    responses.describe_access_points = _describe
    model: Any = AccessPoint
    model.physical_resource_id = property(lambda point: point.access_point_id)
    model.has_cfn_attr = staticmethod(lambda attribute: attribute in ("AccessPointId", "Arn"))
    model.get_cfn_attribute = _attribute
    model.create_from_cloudformation_json = classmethod(_create)
    model.update_from_cloudformation_json = classmethod(_update)


def _guarded_creation(create: Any) -> Any:
    def create_access_point(
        self: EFSBackend,
        client_token: str,
        tags: list[dict[str, str]],
        file_system_id: str,
        posix_user: dict[str, Any],
        root_directory: dict[str, Any],
    ) -> AccessPoint:
        with MOTO:  # calls come in threads: nobody may slip in between the count and the creation
            available(self, file_system_id)
            for point in self.access_points.values():
                if point.client_token == client_token:
                    raise ServiceError(
                        "AccessPointAlreadyExists", "", status=409, AccessPointId=point.access_point_id
                    )
            _check_root(root_directory or {})
            quota = EfsConditions.access_point_quota()
            held = [one for one in self.access_points.values() if one.file_system_id == file_system_id]
            if len(held) >= quota:
                raise ServiceError(
                    "AccessPointLimitExceeded",
                    f"You have reached the maximum number of access points ({quota}) for your file system "
                    f"{file_system_id}. Delete an access point and add a new one.",
                    status=403,
                )
            return create(  # type: ignore[no-any-return]
                self, client_token, tags, file_system_id, posix_user or None, root_directory
            )

    return create_access_point


def _check_root(root: dict[str, Any]) -> None:
    path = root.get("Path", "/")
    if len(path) > _LONGEST_PATH or not re.fullmatch(_PATH, path):
        raise bad_request(
            f"The root directory's path must begin with /, have at most {_MOST_DIRECTORIES} directories and "
            f"{_LONGEST_PATH} characters, and no directory that is empty, begins with a dot or holds one of "
            f"$#<>;`|&?{{}}^*: {path}"
        )
    made = root.get("CreationInfo")
    if made and not (
        {"OwnerUid", "OwnerGid"} <= made.keys()
        and re.fullmatch("[0-7]{3,4}", str(made.get("Permissions", "")))
    ):
        raise bad_request(
            "CreationInfo needs OwnerUid, OwnerGid, and Permissions of three or four octal digits."
        )


def _guarded_deletion(delete: Any) -> Any:
    def delete_access_point(self: EFSBackend, access_point_id: str) -> None:
        with MOTO:
            if access_point_id not in self.access_points:
                raise AccessPointNotFound(access_point_id)
            delete(self, access_point_id)

    return delete_access_point


def _describe(self: EFSResponse) -> Any:
    file_system_id, point_id = self._get_param("FileSystemId"), self._get_param("AccessPointId")
    begin, size = int(self._get_param("NextToken") or 0), int(self._get_param("MaxResults") or _PAGE)
    with MOTO:
        if file_system_id:
            existing(self.efs_backend, file_system_id)
        found = self.efs_backend.describe_access_points(point_id, file_system_id)
        page = [point.info_json() for point in found[begin : begin + size]]
    more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
    return answer({"AccessPoints": page, **more})


def _attribute(self: AccessPoint, attribute_name: str) -> str:
    if attribute_name == "Arn":
        return self.access_point_arn
    if attribute_name == "AccessPointId":
        return self.access_point_id
    raise UnformattedGetAttTemplateException()


def _create(
    _cls: type[AccessPoint],
    /,
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_more: Any,
) -> AccessPoint:
    properties = cloudformation_json["Properties"]
    backend: EFSBackend = efs_backends[account_id][region_name]
    return backend.create_access_point(
        properties.get("ClientToken", resource_name),
        tags=properties.get("AccessPointTags", []),
        file_system_id=properties["FileSystemId"],
        posix_user=_with_numbers(properties.get("PosixUser", {})),
        root_directory=_with_numbers(properties.get("RootDirectory", {})),
    )


def _with_numbers(value: Any) -> Any:
    # A template may say "1000"; the service answers with a number.
    if isinstance(value, dict):
        return {
            key: int(item) if key in ("Uid", "Gid", "OwnerUid", "OwnerGid") else _with_numbers(item)
            for key, item in value.items()
        }
    return value


def _update(
    _cls: type[AccessPoint],
    /,
    original_resource: AccessPoint,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> AccessPoint:
    # Everything else replaces it.
    backend: EFSBackend = efs_backends[account_id][region_name]
    former: dict[str, Any] = original_resource.declared_properties  # type: ignore[attr-defined]
    tags = tags_of(cloudformation_json["Properties"], "AccessPointTags")
    gone = [tag["Key"] for tag in former.get("AccessPointTags", []) if tag["Key"] not in tags]
    backend.untag_resource(original_resource.access_point_id, gone)
    backend.tag_resource(original_resource.access_point_id, tags)
    original_resource.name = tags.get("Name")
    return original_resource
