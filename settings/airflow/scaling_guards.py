"""What `airflow.values` may not do to the scaling: count other tasks than those that a set takes."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings.faults import Fault, Path
from settings.value_at import ABSENT, value_at

_QUERY: Final[Path] = ("workers", "celery", "keda", "query")
_ARGUMENTS: Final[Path] = ("workers", "celery", "args")

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
    arguments = value_at(values, _ARGUMENTS)
    if arguments is not ABSENT and arguments:
        text = json.dumps(arguments)
        if _QUEUE not in text:
            yield Fault(
                "starts the workers of every set for the queue default",
                f"write -q {{{{ {_QUEUE} }}}} behind airflow celery worker, or remove it",
                _ARGUMENTS,
                "",
            )
        if re.search(r"celery worker.*(?:\s-c\s*[0-9]|\s-a\s|--concurrency|--autoscale)", text):
            yield Fault(
                "says how many tasks a worker runs, but KEDA divides by airflow.workers.concurrency",
                "write airflow.workers.concurrency",
                _ARGUMENTS,
                "",
            )
