"""What `airflow.values` may not do to the scaling: count other tasks than those that a set takes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings.faults import Fault, Path
from settings.value_at import value_at

_QUERY: Final[Path] = ("workers", "celery", "keda", "query")
_ARGUMENTS: Final[Path] = ("workers", "celery", "args")
_COMMAND: Final[Path] = ("workers", "celery", "command")

_QUEUE: Final = ".Values.workers.queue"
"""In a template of the chart's: the queues of the set that it is rendered for."""

_COUNTED: Final[Mapping[str, str]] = {
    _QUEUE: "the queues of its set, so that every set would be scaled by the tasks of all",
    ".Values.config.celery.worker_concurrency": "the tasks that one worker runs at a time",
    "queued": "the tasks that wait",
    "running": "the tasks that run, so that their workers would be taken away",
}
"""What a query must heed, and what it would not know without."""


def scaling_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a user's query of KEDA's and arguments of workers; paths begin at the top.

    A query of one's own is accepted where it heeds all that the chart's heeds: it may then leave out tasks of
    another executor, or count more states. One query serves all sets, so it must be a template.
    """
    query = value_at(values, _QUERY)
    if isinstance(query, str):
        for heeded, unknown in _COUNTED.items():
            if heeded not in query:
                yield Fault(
                    f"does not know {unknown}",
                    f"use {heeded} in it, as the chart's query does, or remove it",
                    _QUERY,
                    "",
                )
    command, arguments = _text(values, _COMMAND), _text(values, _ARGUMENTS)
    if re.search(r"\bcelery worker\b", command):
        yield from _start_faults(f"{command} {arguments}", _COMMAND)
    elif arguments:  # a command that starts something else leaves the worker to them
        yield from _start_faults(arguments, _ARGUMENTS)


def _start_faults(started: str, at: Path) -> Iterator[Fault]:
    """What is wrong with how workers are started."""
    if _QUEUE not in started:
        yield Fault(
            "starts the workers of every set for the queue default",
            f"write -q {{{{ {_QUEUE} }}}} behind airflow celery worker, or remove it",
            at,
            "",
        )
    if re.search(r"celery worker.*(?:\s-c\s*[0-9]|\s-a\s|--concurrency|--autoscale)", started, re.DOTALL):
        yield Fault(
            "says how many tasks a worker runs, but KEDA divides by airflow.workers.concurrency",
            "write airflow.workers.concurrency",
            at,
            "",
        )


def _text(values: Mapping[str, Any], at: Path) -> str:
    """The words of a list at a path; empty where there is none."""
    words = value_at(values, at)
    return " ".join(map(str, words)) if isinstance(words, list) else ""
