"""The process that owns all others of a rehearsal and cannot leave them behind.

`python -m rehearsal.supervisor DIRECTORY`, started by `Rehearsal`. It reads words on standard input (`keep`,
`stop`) and writes what it does as JSON lines on standard output. When its owner dies, standard input ends and
it stops everything; when it dies itself, the kernel ends its children. A kept rehearsal ends after its time.
"""

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from pathlib import Path
from types import FrameType
from typing import Protocol

from rehearsal import control_plane
from rehearsal.directory import mark_kept, remove_directory
from rehearsal.driver_pod import DriverPod
from rehearsal.errors import RehearsalError
from rehearsal.fault_box import FaultBox
from rehearsal.faults import API_SERVER_RESTART
from rehearsal.keda_pods import KedaPods
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.nodes import start_nodes
from rehearsal.plan import INVOCATION, Plan
from rehearsal.processes import Server
from rehearsal.service_network import ServiceNetwork
from settings import load_environment

_TICK = 0.25
"""Seconds between two looks at the processes and at the driver's Deployment."""


def main() -> None:
    """Start everything, tend it until told to stop, and remove every trace."""
    directory = Path(sys.argv[1])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _interrupt)
    supervisor = Supervisor(Plan.read(directory))
    try:
        supervisor.run()
    except RehearsalError as error:
        _tell("failed", str(error))
    except KeyboardInterrupt:
        pass
    except Exception as error:
        _tell("failed", f"the rehearsal's supervisor ended by {type(error).__name__}: {error}")
        raise
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # a second signal must not cut the cleaning short
        supervisor.stop()
        remove_directory(directory)


class Supervisor:
    """Starts the servers in order, watches them, and stops them in the reverse order."""

    def __init__(self, plan: Plan) -> None:
        """Prepare to run the rehearsal that a plan describes."""
        self._plan = plan
        self._servers: list[Server] = []
        self._kept = False
        self._environment = load_environment(plan.environment, plan.environments)
        self._faults = FaultBox(plan.directory)
        self._driver_pod = DriverPod(plan, region=self._environment.region)
        self._network: ServiceNetwork | None = None
        self._keda_pods: KedaPods | None = None

    def run(self) -> None:
        """Start everything and stay until the owner says stop, goes away, or the time is over."""
        plan = self._plan
        if plan.scaling:
            self._network = ServiceNetwork(plan.service_network, KubernetesApi(plan))
        self._start("etcd", lambda: control_plane.start_etcd(plan))
        self._start("kube-apiserver", self._start_api_server)
        self._start("kube-controller-manager", lambda: control_plane.start_controller_manager(plan))
        if self._network:
            self._start("kube-scheduler", lambda: control_plane.start_scheduler(plan))
            self._start("nodes", lambda: start_nodes(plan, self._environment))
            self._keda_pods = KedaPods(plan, self._network)
        self._start("emulated account", self._start_account)
        _tell("ready", "")
        deadline = time.monotonic() + plan.kept_for
        while time.monotonic() < deadline:
            if self._owner_says_stop():
                return
            for server in self._servers:
                server.raise_if_ended()
            self._restart_the_api_server()
            tend_each([self._driver_pod, *([self._keda_pods] if self._keda_pods else [])])

    def stop(self) -> None:
        """Stop every process, the API server before etcd, or it would wait for it."""
        if self._keda_pods:
            self._keda_pods.stop()
        self._driver_pod.stop()
        for server in reversed(self._servers):
            server.stop()
        if self._network:
            self._network.close()

    def _start(self, name: str, start: Callable[[], Server]) -> None:
        _tell("starting", name)
        self._servers.append(start())

    def _start_api_server(self) -> Server:
        return control_plane.start_api_server(self._plan, issuer=self._environment.cluster.oidc_issuer)

    def _restart_the_api_server(self) -> None:
        # While a function of a deployment runs: at any other time nobody would notice.
        if not any(self._plan.directory.glob(f"{INVOCATION}*")):
            return
        if self._faults.strike(API_SERVER_RESTART) is None:
            return
        place = next(i for i, server in enumerate(self._servers) if server.name == "kube-apiserver")
        self._servers[place].stop()
        self._servers[place] = self._start_api_server()

    def _start_account(self) -> Server:
        plan = self._plan
        server = Server(
            name="emulated account",
            command=[sys.executable, "-m", "rehearsal.account", str(plan.directory)],
            log=plan.log("account"),
        )
        server.wait_until((plan.directory / "account.ready").exists, seconds=60)
        return server

    def _owner_says_stop(self) -> bool:
        watched = [] if self._kept else [sys.stdin]
        readable, _, _ = select.select(watched, [], [], _TICK)
        if not readable:
            return False
        word = sys.stdin.readline().strip()
        if word == "keep":
            mark_kept(self._plan.directory, supervisor=os.getpid())
            self._kept = True
            _tell("kept", "")
            return False
        return True


class Tended(Protocol):
    """Pods that are processes of this machine."""

    def tend(self) -> None:
        """Start, restart or stop them so that they are what their Deployments say."""


def tend_each(all_pods: Iterable[Tended]) -> None:
    """Tend pods; what one of them cannot read now keeps none of the others from being tended.

    Raises:
        RehearsalError: one of them ends by itself again and again.
    """
    for pods in all_pods:
        # The API server is busy or restarting: they are looked at again at the next tick.
        with contextlib.suppress(OSError, HTTPException, ValueError):
            pods.tend()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(what: str, detail: str) -> None:
    with contextlib.suppress(OSError):  # the owner may be gone
        print(json.dumps({"what": what, "detail": detail}), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
