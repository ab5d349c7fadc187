"""The mount options that a StorageClass may have.

They go to efs-utils (mount.efs), which keeps its own and gives the rest to the kernel's NFS client. What
neither knows shows only when a pod hangs in ContainerCreating, so only known options are let in.
Sources: efs-utils 3.2, src/efs_utils_common/mount_options.py; nfs(5); the driver's pkg/driver/node.go.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType
from typing import Final

from settings.faults import Fault, Path

_NUMBER: Final = "[1-9][0-9]*"

KNOWN: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        # efs-utils' own
        "tls": None,
        "iam": None,
        "ocsp": None,
        "noocsp": None,
        "stunnel": None,
        # the kernel's NFS client
        "noresvport": None,
        "hard": None,
        "soft": None,
        "timeo": _NUMBER,
        "retrans": _NUMBER,
        "rsize": _NUMBER,
        "wsize": _NUMBER,
        "nfsvers": r"4\.[01]",
        "vers": r"4\.[01]",
        "ac": None,
        "noac": None,
        "actimeo": "[0-9]+",
        "acregmin": "[0-9]+",
        "acregmax": "[0-9]+",
        "acdirmin": "[0-9]+",
        "acdirmax": "[0-9]+",
        "lookupcache": "all|none|pos|positive",
        "cto": None,
        "nocto": None,
        # any file system's
        "ro": None,
        "rw": None,
        "sync": None,
        "async": None,
        "atime": None,
        "noatime": None,
        "diratime": None,
        "nodiratime": None,
        "relatime": None,
        "norelatime": None,
        "nodev": None,
        "noexec": None,
        "nosuid": None,
        "_netdev": None,
    }
)
"""Known options: the form of their value, or None for those that have none."""

_REFUSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accesspoint": "is chosen by the driver for each volume",
        "awscredsuri": "is ignored by the driver",
        "azid": "is refused by efs-utils",
        "capath": "is refused by efs-utils",
        "crossaccount": "is refused by the driver",
        "nconnect": "is not supported by EFS",
        "notls": "turns off the encryption that the file system's policy demands",
        "port": "is refused by efs-utils together with tls",
        "tlsport": "is chosen by efs-utils for each mount",
    }
)

_EXCLUSIVE: Final = (
    frozenset({"ocsp", "noocsp"}),
    frozenset({"hard", "soft"}),
    frozenset({"ro", "rw"}),
    frozenset({"sync", "async"}),
    frozenset({"ac", "noac"}),
    frozenset({"cto", "nocto"}),
    frozenset({"nfsvers", "vers"}),
)


def mount_option_faults(options: Sequence[str], at: Path) -> Iterator[Fault]:
    """A fault for everything that efs-utils, the driver or the file system's policy would refuse."""
    if "tls" not in options:
        yield Fault(
            "lacks tls, without which the file system's policy refuses a mount", "add tls", at, subject=""
        )
    seen: dict[str, int] = {}
    for index, option in enumerate(options):
        name, _, value = option.partition("=")
        here = (*at, index)
        if name in seen:
            yield Fault(f"repeats {at[-1]}[{seen[name]}]", "remove one of the two", here)
        elif name in _REFUSED:
            yield Fault(_REFUSED[name], "remove it", here)
        elif name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            cure = f'did you mean "{near[0]}"?' if near else f"use only {', '.join(sorted(KNOWN))}"
            yield Fault("is not a known mount option", cure, here)
        elif option != name and KNOWN[name] is None:
            yield Fault("has a value, but the option takes none", f"write {name}", here)
        elif (form := KNOWN[name]) is not None and re.fullmatch(form, value) is None:
            yield Fault("does not have a value that the option takes", _cure_for_value(name, form), here)
        seen.setdefault(name, index)
    for one, other in combinations(seen, 2):
        if {one, other} in _EXCLUSIVE:
            yield Fault(f"contradicts {one}", "remove one of the two", (*at, seen[other]))


def _cure_for_value(name: str, form: str) -> str:
    if form.endswith(("[0-9]*", "[0-9]+")):
        return f"write {name}=NUMBER"
    choices = form.replace(r"4\.[01]", "4.0|4.1").split("|")
    return "write " + " or ".join(f"{name}={choice}" for choice in choices)
