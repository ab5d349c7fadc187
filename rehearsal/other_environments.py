"""Environments that exist besides the rehearsed one, in accounts and regions of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from settings import Environment, load_environment


@dataclass(frozen=True)
class BootstrapTarget:
    """An account and region that `cdk bootstrap` prepares."""

    account: str
    region: str


def load_others(names: Iterable[str], folder: Path, *, home: Environment) -> tuple[Environment, ...]:
    """Load the other environments.

    Args:
        names: theirs.
        folder: the folder that holds them.
        home: the environment that is rehearsed.

    Raises:
        SettingsError: one of them is not valid.
        RehearsalError: two clusters are in one account and region; only one is emulated there.
    """
    others = tuple(load_environment(name, folder) for name in names)
    clusters = {(home.account, home.region): home.cluster.name}
    for other in others:
        there = clusters.setdefault((other.account, other.region), other.cluster.name)
        if there != other.cluster.name:
            raise RehearsalError(
                f"not rehearsed: {other.name} has the cluster {other.cluster.name} in the account and region "
                f"of {there}: give it that cluster, or another account or region"
            )
    return others


def bootstrap_targets(home: Environment, others: Sequence[Environment]) -> list[BootstrapTarget]:
    """What is to be bootstrapped, the rehearsed environment's own account and region first.

    The account of the rehearsed environment also needs every other region: a pipeline keeps artefacts there.
    """
    targets = [BootstrapTarget(home.account, home.region)]
    targets += [BootstrapTarget(home.account, other.region) for other in others]
    targets += [BootstrapTarget(other.account, other.region) for other in others]
    return list(dict.fromkeys(targets))
