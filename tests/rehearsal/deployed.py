"""A deployed environment with its claim Bound, and what is looked at before and after a change of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

CLAIM = "efs-claim-1"
"""The claim of the environment `dynamic-provisioning`."""


@contextmanager
def deployed(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> Iterator[Rehearsal]:
    """A rehearsal of `dynamic-provisioning`, changed by `change`, under another name."""
    write_environment(folder, name, change)
    with Rehearsal(environment=name, environments=folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        await_bound(rehearsal.kubernetes(), name=CLAIM)
        yield rehearsal


def chain_of(rehearsal: Rehearsal, claim: str = CLAIM) -> Chain:
    """The chain of a claim in the namespace `default`."""
    return trace(rehearsal.kubernetes(), rehearsal.client("efs"), name=claim, namespace="default")


def class_names(rehearsal: Rehearsal) -> set[str]:
    """The classes that are in the cluster."""
    classes = kubernetes.StorageV1Api(rehearsal.kubernetes()).list_storage_class().items
    return {str(one.metadata.name) for one in classes if one.metadata}
