"""Reads what the links are made of, and keeps the breaks that were found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client as kubernetes

from operations.events import seen_last
from operations.explanation.records import Break, Kind, Link, Thing

_SECONDS = 15
"""How long one call of the Kubernetes API may take."""


@dataclass
class Reader:
    """The cluster and the account in which a claim is followed."""

    api: kubernetes.ApiClient
    efs: Any
    """A boto3 client of EFS in the file system's region."""
    name: str
    """The claim."""
    namespace: str
    breaks: list[Break] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the clients."""
        self.core = kubernetes.CoreV1Api(self.api)
        self.storage = kubernetes.StorageV1Api(self.api)

    def add(self, link: Link, kind: Kind, *, what: str, why: str, cure: str, said: str = "") -> None:
        """Note a break."""
        self.breaks.append(Break(link=link, kind=kind, what=what, why=why, cure=cure, said=said))

    def get(self, read: Callable[..., Any], *arguments: str) -> Thing | None:
        """One Kubernetes object, or None where there is none."""
        try:
            found: Thing = self.api.sanitize_for_serialization(read(*arguments, _request_timeout=_SECONDS))
        except kubernetes.ApiException as error:
            if error.status == 404:
                return None
            raise
        return found

    def items(self, read: Callable[..., Any], *arguments: str, **options: Any) -> list[Thing]:
        """The items of a list of Kubernetes objects."""
        answer = read(*arguments, _request_timeout=_SECONDS, **options)
        items: list[Thing] = self.api.sanitize_for_serialization(answer)["items"]
        return items

    def events(self, kind: str, name: str) -> list[Thing]:
        """The events of an object, the newest first."""
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        found = self.items(self.core.list_namespaced_event, self.namespace, field_selector=selector)
        return sorted(found, key=seen_last, reverse=True)
