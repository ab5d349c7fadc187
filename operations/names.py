"""Refuses, as wrong usage, names that Kubernetes or EKS does not have: some would ask for something else.

A name becomes a part of a path of the API: an empty one asks for a list, and `..` for another object.
"""

import re
from typing import Final

import typer

from settings.environment_name import ENVIRONMENT_NAME_CURE, is_environment_name

_LABEL: Final = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE: Final = re.compile(_LABEL)
_OBJECT: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_CLUSTER: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}")
_LONGEST_OBJECT: Final = 253
_FILE_SYSTEM: Final = re.compile(r"fs-([0-9a-f]{8}|[0-9a-f]{17})")
_IMAGE: Final = re.compile(r"[\w.:/@-]*[\w]")


def object_name(value: str | None) -> str | None:
    """The name of a Kubernetes object, a DNS subdomain of RFC 1123; None, an option not given, stays.

    Raises:
        BadParameter: it is none.
    """
    if value is not None and not (_OBJECT.fullmatch(value) and len(value) <= _LONGEST_OBJECT):
        raise typer.BadParameter(
            f'"{value}" is no name in Kubernetes: use lower-case letters, digits, - and ., '
            "beginning and ending with a letter or digit"
        )
    return value


def namespace_name(value: str | None) -> str | None:
    """The name of a namespace, a DNS label of RFC 1123; None, an option not given, stays.

    Raises:
        BadParameter: it is none.
    """
    if value is not None and not _NAMESPACE.fullmatch(value):
        raise typer.BadParameter(
            f'"{value}" is no namespace: use at most 63 lower-case letters, digits and -, '
            "beginning and ending with a letter or digit"
        )
    return value


def cluster_name(value: str) -> str:
    """The name of an EKS cluster, by the pattern of CreateCluster.

    Raises:
        BadParameter: it is none.
    """
    if not _CLUSTER.fullmatch(value):
        raise typer.BadParameter(
            f'"{value}" is no name of an EKS cluster: use at most 100 letters, digits, - and _, '
            "beginning with a letter or digit"
        )
    return value


def region_name(value: str | None) -> str | None:
    """The name of a region, which is not empty; None, an option not given, stays.

    Raises:
        BadParameter: it is empty, as a variable of the shell that is not set.
    """
    if value is not None and not value.strip():
        raise typer.BadParameter("it is empty: write one such as ap-northeast-2")
    return value


def environment_name(value: str | None) -> str | None:
    """The name of an environment, whether there is one or not; None, an option not given, stays.

    Raises:
        BadParameter: it is none.
    """
    if value is not None and not is_environment_name(value):
        raise typer.BadParameter(f'"{value}" is not a name for an environment: {ENVIRONMENT_NAME_CURE}')
    return value


def file_system_id(value: str | None) -> str | None:
    """The id of a file system; None, an option not given, stays.

    Raises:
        BadParameter: it is none.
    """
    if value is not None and not _FILE_SYSTEM.fullmatch(value):
        raise typer.BadParameter(f'"{value}" is not a file system id: write fs- and 17 hexadecimal digits')
    return value


def tag_filters(values: list[str] | None) -> list[str] | None:
    """Tags to choose by, each KEY or KEY=VALUE; None, an option not given, stays.

    Raises:
        BadParameter: one has no key.
    """
    for value in values or ():
        if not value.partition("=")[0].strip():
            raise typer.BadParameter(f'"{value}" names no tag: write KEY or KEY=VALUE')
    return values


def image_name(value: str) -> str:
    """The name of a container image.

    Raises:
        BadParameter: it is none.
    """
    if not _IMAGE.fullmatch(value):
        raise typer.BadParameter(f'"{value}" is not the name of an image: write REGISTRY/NAME:TAG')
    return value
