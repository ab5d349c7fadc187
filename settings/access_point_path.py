"""Where the driver puts a volume, and what of that EFS accepts as the root directory of an access point.

The driver joins the class's base path and the volume's directory (pkg/driver/controller.go), checks for 100
characters and five slashes, and asks EFS. EFS itself allows four directories (RootDirectory.Path of its
CreateAccessPoint API). A fifth passes the driver, fails at EFS and leaves the claim pending, so four it is.
"""

import re
from collections.abc import Iterator, Mapping
from posixpath import normpath
from types import MappingProxyType
from typing import Final

from settings.faults import Fault

LONGEST: Final = 100
"""Characters that EFS allows in the path, the slashes included."""

DEEPEST: Final = 4
"""Directories that EFS allows in the path."""

VARIABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "${.PVC.name}": "c",
        "${.PVC.namespace}": "n",
        "${.PV.name}": "pvc-" + "0" * 36,
    }
)
"""Variables that the driver replaces in a pattern, with the shortest text that each can become."""

_EXAMPLE: Final = "a path such as ${.PVC.namespace}/${.PVC.name}"
_UNIQUE_SUFFIX: Final = "-" + "0" * 36
_REFUSED: Final = re.compile(r"[$#<>;`|&?{}^*\n]")


def base_path_faults(base_path: str) -> Iterator[Fault]:
    """What EFS would refuse in a base path, whatever the volume's directory."""
    if not base_path.startswith("/"):
        yield Fault("is not an absolute path", "begin it with /", ("base_path",))
        return
    yield from _directory_faults(
        base_path.removeprefix("/"), "base_path", "/" + normpath(base_path).lstrip("/")
    )


def root_path_faults(path: str) -> Iterator[Fault]:
    """What EFS would refuse in the path of an access point that is made as it is written."""
    if not path.startswith("/"):
        yield Fault("is not an absolute path", "begin it with /", ("path",))
    elif normpath(path) in ("/", "//"):
        yield Fault("is the whole file system", "write a directory, such as /dags", ("path",))
    elif path.endswith("/"):
        yield Fault("has a slash too many", f"write {normpath(path)}", ("path",))
    elif path.count("/") > DEEPEST:
        yield Fault(
            f"is {path.count('/')} directories deep, EFS allows {DEEPEST}", "remove a directory", ("path",)
        )
    elif len(path.encode()) > LONGEST:
        yield Fault(
            f"is {len(path.encode())} characters long, EFS allows {LONGEST}", "write a shorter one", ("path",)
        )
    else:
        yield from _directory_faults(path.removeprefix("/"), "path", normpath(path))


def pattern_faults(pattern: str) -> Iterator[Fault]:
    """What the driver or EFS would refuse in a pattern, whatever the base path."""
    known = ", ".join(VARIABLES)
    for variable in dict.fromkeys(re.findall(r"\$\{[^}]*\}?", pattern)):
        if variable not in VARIABLES:
            yield Fault(f"has the unknown variable {variable}", f"use only {known}", ("sub_path_pattern",))
            return
    if not pattern:
        yield Fault("is empty", f"write {_EXAMPLE}", ("sub_path_pattern",))
    elif pattern.startswith("/"):
        yield Fault("begins with /, but is relative to base_path", "remove the /", ("sub_path_pattern",))
    else:
        # From the root, of which .. leads nowhere: what is left lies below the base path.
        meant = normpath(f"/{pattern}").lstrip("/") or _EXAMPLE
        yield from _directory_faults(_shortest(pattern), "sub_path_pattern", meant)


def volume_path_faults(
    base_path: str, pattern: str | None, *, unique: bool, claim: tuple[str, str] | None = None
) -> Iterator[Fault]:
    """What EFS would refuse in the path of a volume.

    Args:
        base_path: base path of the class.
        pattern: sub path pattern of the class; None when the driver uses the volume's name.
        unique: whether the driver appends a unique id to what the pattern gives.
        claim: namespace and name of a claim; None for the shortest that there can be.
    """
    field = "base_path" if pattern is None else "sub_path_pattern"
    directory = _shortest("${.PV.name}" if pattern is None else pattern, claim)
    if pattern is not None and unique:
        directory += _UNIQUE_SUFFIX
    path = normpath(f"{base_path}/{directory}")
    if path.count("/") > DEEPEST:
        yield Fault(
            f"makes the path of a volume {path.count('/')} directories deep, EFS allows {DEEPEST}",
            "remove a directory",
            (field,),
        )
    # The driver counts bytes, which in UTF-8 can be more than characters.
    length = len(path.encode())
    at_least = "at least " if claim is None else ""
    if length > LONGEST:
        yield Fault(
            f"makes the path of a volume {at_least}{length} characters long, EFS allows {LONGEST}",
            "write a shorter one",
            (field,),
        )


def _shortest(pattern: str, claim: tuple[str, str] | None = None) -> str:
    values = dict(VARIABLES)
    if claim is not None:
        values["${.PVC.namespace}"], values["${.PVC.name}"] = claim
    for variable, text in values.items():
        pattern = pattern.replace(variable, text)
    return pattern


def _directory_faults(relative: str, field: str, meant: str) -> Iterator[Fault]:
    if match := _REFUSED.search(relative):
        character = "a line break" if match[0] == "\n" else match[0]
        yield Fault(f"has {character}, which EFS refuses in a path", "remove it", (field,))
    elif any(directory in (".", "..") for directory in relative.split("/")):
        yield Fault("has the directory . or ..", f"write {meant}", (field,))
    elif any(directory.startswith(".") for directory in relative.split("/")):
        yield Fault("has a directory that begins with a dot, which EFS refuses", "rename it", (field,))
    elif relative and "" in relative.split("/"):
        yield Fault("has a slash too many", f"write {meant}", (field,))
