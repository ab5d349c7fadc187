"""Access points of a template: their ids are text there, and numbers in every answer of EFS.

moto keeps what the template says, and the driver's SDK refuses text where the service has numbers.
"""

import copy
from typing import Any

from moto.efs.models import AccessPoint


def install() -> None:
    """Make moto keep users and groups of an access point as numbers."""
    create = AccessPoint.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create_with_numbers(
        cls: type[AccessPoint],
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> AccessPoint:
        body = copy.deepcopy(cloudformation_json)
        user = body["Properties"].get("PosixUser", {})
        creation = body["Properties"].get("RootDirectory", {}).get("CreationInfo", {})
        for owner, names in ((user, ("Uid", "Gid")), (creation, ("OwnerUid", "OwnerGid"))):
            for name in names:
                if name in owner:
                    owner[name] = int(owner[name])
        point: AccessPoint = create(cls, resource_name, body, account_id, region_name, **kwargs)
        return point

    AccessPoint.create_from_cloudformation_json = classmethod(create_with_numbers)  # type: ignore
