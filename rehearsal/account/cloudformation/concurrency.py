"""Work on the resources of a stack: each after those that it waits for, independent ones at the same time.

moto does one thing after the other. CloudFormation does not wait where nothing refers to anything; the custom
resources, whose handlers take seconds, are what is gained from that. moto's own backends are not made for
threads, so that every use of them takes `MOTO`.
"""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

MOTO = threading.RLock()
"""Held while a resource of moto's own is made, changed, read or deleted."""

_WORKERS = 4
"""How many handlers run at a time: each is a Python with a kubectl or helm below it."""


def run_in_order(
    graph: dict[str, set[str]], work: Callable[[str], None], *, keep_going: bool = False
) -> dict[str, Exception]:
    """Call `work` with each name, after the names that the graph says come before it.

    Args:
        graph: for each name, those that must be done before; without circles.
        work: done for each name, in threads.
        keep_going: whether names that do not wait for a failed one are still begun; otherwise a failure
            only lets end what is under way.

    Returns:
        What failed, with the reason, in the order in which it did.
    """
    failures: dict[str, Exception] = {}
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        while True:
            if keep_going or not failures:
                running |= {pool.submit(work, name): name for name in sorter.get_ready()}
            if not running:
                return failures
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                name, error = running.pop(done), done.exception()
                if error is None:
                    sorter.done(name)
                elif isinstance(error, Exception):
                    failures[name] = error
                else:
                    raise error
