"""Which tags the driver can give to the access points that it makes.

It takes them as one text, `key:value key:value`. Versions disagree on how a space or a colon within is
written, and on an empty value, and none says so when it leaves a tag out:
https://github.com/kubernetes-sigs/aws-efs-csi-driver/issues/1689 and /pull/1716.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from settings.faults import Fault, Path

_OTHERS: Final = ("efs.csi.aws.com/", "airflow-efs/")
"""Beginnings of the keys that driver and stack set themselves; the roles' policies go by the first."""

_WAY_OUT: Final = "write it otherwise, or remove it"


def access_point_tag_faults(tags: Mapping[str, str], at: Path) -> Iterator[Fault]:
    """What the driver could not give to an access point.

    Args:
        tags: the tags.
        at: where they stand.
    """
    for key, value in tags.items():
        subject = f'key "{key}"'
        if key.lower().startswith(_OTHERS):
            yield Fault(
                "is one that the driver or the stack sets on access points", _WAY_OUT, (*at, key), subject
            )
        elif _is_split(key):
            yield Fault(
                "has a space or a colon, which the driver cannot give to its access points",
                _WAY_OUT,
                (*at, key),
                subject,
            )
        elif _is_split(value):
            yield Fault(
                "has a space or a colon, which the driver cannot give to its access points",
                _WAY_OUT,
                (*at, key),
            )
        elif not value:
            yield Fault("is empty, which the driver cannot give to its access points", _WAY_OUT, (*at, key))


def fit_for_access_points(tags: Mapping[str, str]) -> dict[str, str]:
    """Those of some tags that the driver can give to an access point."""
    return {key: value for key, value in tags.items() if not [*access_point_tag_faults({key: value}, ())]}


def _is_split(text: str) -> bool:
    return " " in text or ":" in text
