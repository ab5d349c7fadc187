import re

import pytest

from operations.trace import TraceError, VolumeHandle


@pytest.mark.parametrize(
    ("handle", "file_system", "path", "access_point"),
    [
        ("fs-1::fsap-2", "fs-1", "/", "fsap-2"),
        ("efs:fs-1::fsap-2", "fs-1", "/", "fsap-2"),
        ("fs-1", "fs-1", "/", None),
        ("efs:fs-1", "fs-1", "/", None),
        ("fs-1:/data", "fs-1", "/data", None),
        ("fs-1:/data:", "fs-1", "/data", None),
        ("fs-1:/data/logs:fsap-2", "fs-1", "/data/logs", "fsap-2"),
        ("efs:fs-0a1b2c3d4e5f60718:/data:fsap-0a1b2c3d", "fs-0a1b2c3d4e5f60718", "/data", "fsap-0a1b2c3d"),
    ],
)
def test_a_handle_of_either_form_is_read(
    handle: str, file_system: str, path: str, access_point: str | None
) -> None:
    assert VolumeHandle.parse(handle) == VolumeHandle(
        file_system_id=file_system, path=path, access_point_id=access_point
    )


@pytest.mark.parametrize(
    "handle",
    [
        "",
        "efs:",
        "fs-",
        "vol-0a1b2c3d",
        "s3files:fs-1::fsap-2",
        "efs:efs:fs-1::fsap-2",
        "fs-1::fsap-2:more",
        "fs-1::somebody",
        "fs-1::fsap-",
        "::fsap-2",
        "fs-1::fsap-2\n",
    ],
)
def test_anything_else_is_refused_with_the_forms_that_are_known(handle: str) -> None:
    message = f"the volume handle {handle!r} is not one of the EFS CSI driver (fs-…::fsap-…)"
    with pytest.raises(TraceError, match=f"^{re.escape(message)}$"):
        VolumeHandle.parse(handle)
