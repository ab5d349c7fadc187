"""Access points of a template: what `Ref` gives, and users and groups as numbers.

moto gives no id, and keeps the users and groups of a template as text; the driver's SDK refuses text where
the service has numbers.
"""

import copy
from typing import Any

from moto.efs.models import AccessPoint


def install() -> None:
    """Make moto know the id of an access point, and keep its users and groups as numbers."""
    AccessPoint.physical_resource_id = property(lambda point: point.access_point_id)  # type: ignore
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
