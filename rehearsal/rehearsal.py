"""The object that a test or a command holds: start a rehearsal, use it, stop it or keep it."""

import contextlib
import json
import os
import queue
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from kubernetes import client as kubernetes_client
from kubernetes import config as kubernetes_config

from rehearsal import directory as directories
from rehearsal.aws_sdk import boto3_session
from rehearsal.binaries import Binary, programs
from rehearsal.cdk import PROJECT, Cdk, CdkRun
from rehearsal.charts import ChartSource, locate_chart
from rehearsal.children import clean_environment
from rehearsal.cluster_beforehand import let_driver_patch_volumes, make_namespaces
from rehearsal.errors import RehearsalError
from rehearsal.fault_box import FaultBox
from rehearsal.faults import parse_fault
from rehearsal.installed_charts import installed_charts
from rehearsal.other_environments import BootstrapTarget, bootstrap_targets, load_others
from rehearsal.plan import ADMINISTRATOR, Plan
from rehearsal.processes import free_port
from rehearsal.reporter import Reporter, Silent
from settings import Environment, load_environment

KEPT_FOR = 8 * 3600
"""Seconds after which a kept rehearsal ends by itself."""

_STOP_SECONDS = 30.0


class Rehearsal:
    """An emulated account and a real Kubernetes API, made for one environment.

    As a context manager it is stopped at the end, whatever happens; `keep` lets it run on.

    Example:
        >>> with Rehearsal(environment="dynamic-provisioning") as rehearsal:
        ...     rehearsal.deploy()
        ...     rehearsal.client("efs").describe_file_systems()
    """

    def __init__(
        self,
        *,
        environment: str,
        environments: Path = PROJECT / "environments",
        others: Sequence[str] = (),
        scaling: bool = False,
        reporter: Reporter | None = None,
        kept_for: int = KEPT_FOR,
        faults: Sequence[str] = (),
        stand_ins: Path | None = None,
        more_versions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Choose what is rehearsed; nothing is started yet.

        Args:
            environment: the name of an environment.
            environments: the folder that holds it. Default: the project's.
            others: names of environments of the same folder whose clusters, networks and accounts exist, too:
                for a pipeline that deploys to them. Default: none.
            scaling: with nodes in the environment's zones, a scheduler, and KEDA where a chart installs it.
                Default: without; no pod is scheduled then.
            reporter: hears the progress. Default: nobody.
            kept_for: seconds after which it ends by itself when it is kept. Default: 8 hours.
            faults: what is made to go wrong from its start, as `--fault` takes it. Default: nothing.
            stand_ins: a folder with charts for tests, taken where a repository does not have the chart.
                Default: none; then the chart must be had.
            more_versions: by the name of a chart, versions that a later deployment will name.

        Raises:
            SettingsError: the environment is not valid.
            RehearsalError: a fault is not one, or two environments have different clusters in one account
                and region.
        """
        self._faults = [parse_fault(spec) for spec in faults]
        self._name = environment
        self._folder = environments.resolve()
        self._scaling = scaling
        self._reporter = reporter or Silent()
        self._kept_for = kept_for
        self._stand_ins = stand_ins
        self._more_versions = more_versions or {}
        self._supervisor: subprocess.Popen[str] | None = None
        self._plan: Plan | None = None
        self._cdk: Cdk | None = None
        self._messages: queue.Queue[dict[str, str]] = queue.Queue()
        self._injected: dict[str, str] = {}
        self.failure: str | None = None
        """Why the rehearsal ended by itself, if it did."""
        self.settings: Environment = load_environment(environment, self._folder)
        self._others = load_others(others, self._folder, home=self.settings)
        self.binaries: dict[str, Binary] = {}
        """The programs that run, and where each came from; known once it is started."""

    def __enter__(self) -> "Rehearsal":
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it, unless it was kept."""
        self.stop()

    @property
    def plan(self) -> Plan:
        """Its addresses and folders."""
        if self._plan is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        return self._plan

    @property
    def charts(self) -> tuple[ChartSource, ...]:
        """The charts that it installs, and where each comes from."""
        return self.plan.charts

    def start(self) -> None:
        """Start every server and wait until all answer.

        Raises:
            RehearsalError: something needed is missing, or a server does not start; nothing is left behind.
        """
        if self._supervisor is not None:
            raise RehearsalError("the rehearsal is running already: stop it, or make another one")
        directories.refuse_a_long_path(self._name)
        keep_loopback_off_proxies()
        directories.sweep()
        self.binaries = programs(
            scaling=self._scaling, say=self._reporter.say, progress=self._reporter.progress
        )
        directory, lock = directories.make_directory(self._name)
        try:
            self._plan = self._make_plan(directory)
            self._plan.write()
            box = FaultBox(directory)
            self._injected = {box.put(fault): fault.spec for fault in self._faults}
            self._cdk = Cdk(self._plan, self.settings)
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "rehearsal.supervisor", str(directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=(directory / "logs" / "supervisor.log").open("ab"),
                text=True,
                env=clean_environment(),
                start_new_session=True,  # Ctrl-C is for the owner, which stops it in order
                pass_fds=(lock,),
            )
            threading.Thread(target=self._listen, args=(self._supervisor,), daemon=True).start()
            self._await_ready()
            make_namespaces(self.kubernetes(), [self.settings, *self._others])
            # An older stand-in for a chart: its roles do not know the provisioner that runs here.
            if any(chart.archive_version != chart.version for chart in self.charts):
                let_driver_patch_volumes(self.kubernetes())
        except BaseException:
            self.stop()
            directories.remove_directory(directory)
            raise
        finally:
            os.close(lock)

    def _make_plan(self, directory: Path) -> Plan:
        charts = tuple(
            locate_chart(
                name=chart.name,
                version=version,
                repository=chart.repository,
                digest=chart.digest if version == chart.version else None,
                directory=directory,
                say=self._reporter.say,
                stand_ins=self._stand_ins,
            )
            for chart in installed_charts(self.settings)
            for version in (chart.version, *self._more_versions.get(chart.name, ()))
        )
        return Plan(
            environment=self._name,
            environments=self._folder,
            others=tuple(other.name for other in self._others),
            directory=directory,
            kept_for=self._kept_for,
            binaries={name: binary.path for name, binary in self.binaries.items()},
            charts=charts,
            scaling=self._scaling,
            account_port=free_port(),
            proxy_port=free_port(),
            task_metadata_port=free_port(),
            token_webhook_port=free_port(),
            pod_identity_port=free_port(),
            api_server_port=free_port(),
            etcd_port=free_port(),
            etcd_peer_port=free_port(),
            # The prefix of AWS's own keys: SDKs and moto look at it.
            access_key=f"AKIA{secrets.token_hex(16).upper()}",
            admin_token=secrets.token_urlsafe(24),
            driver_token=secrets.token_urlsafe(24),
        )

    def _await_ready(self) -> None:
        while True:
            message = self._messages.get()
            if message["what"] == "ready":
                return
            if message["what"] == "failed":
                raise RehearsalError(message["detail"])
            self._reporter.say(f"Starting {message['detail']}")

    def _listen(self, supervisor: "subprocess.Popen[str]") -> None:
        """Pass the supervisor's messages on; its end without our asking is a failure."""
        assert supervisor.stdout is not None  # noqa: S101  # PIPE was asked for
        for line in supervisor.stdout:
            message: dict[str, str] = json.loads(line)
            if message["what"] == "failed":
                self._fail(message["detail"])
            self._messages.put(message)
        if supervisor is self._supervisor:
            self._fail("the rehearsal's supervisor ended by itself")
        self._messages.put({"what": "failed", "detail": self.failure or "the rehearsal was stopped"})

    def _fail(self, reason: str) -> None:
        self.failure = self.failure or reason
        if self._cdk:
            self._cdk.abort()  # it would repeat its calls to a server that is gone for minutes

    def stop(self) -> None:
        """Stop every server and remove the folder; nothing is left. Safe to call twice, and after `keep`."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        assert supervisor.stdin is not None  # noqa: S101  # PIPE was asked for
        with contextlib.suppress(BrokenPipeError):
            supervisor.stdin.close()  # the end of its input tells it to stop
        try:
            supervisor.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()  # its children end with it
            supervisor.wait()
        directories.remove_directory(self.plan.directory)

    def keep(self) -> None:
        """Let the rehearsal run on after this process; `kept.stop_kept` or its time ends it."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        assert supervisor.stdin is not None  # noqa: S101  # PIPE was asked for
        supervisor.stdin.write("keep\n")
        supervisor.stdin.flush()
        self._messages.get()  # its answer: from now on it does not mind our end
        supervisor.stdin.close()

    def cdk(self, *arguments: str, say: Callable[[str], None] | None = None) -> CdkRun:
        """Run the real CDK CLI for this environment against the emulated account."""
        if self._cdk is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        return self._cdk.run(*arguments, say=say)

    def bootstrap(self, *, trust: bool = True) -> None:
        """`cdk bootstrap` of every account and region that the environments are in.

        Args:
            trust: whether other accounts let that of the environment deploy. Default: they do. A trust that
                was given stays.

        Raises:
            RehearsalError: one of them failed.
        """
        for target in bootstrap_targets(self.settings, self._others):
            elsewhere = target.account != self.settings.account
            self._bootstrap_one(target, trusted=self.settings.account if trust and elsewhere else None)

    def _bootstrap_one(self, target: BootstrapTarget, *, trusted: str | None) -> None:
        """By a key of the target's own account.

        Args:
            target: the account and region.
            trusted: an account that may deploy there; None: only its own.

        Raises:
            RehearsalError: it failed.
        """
        if self._cdk is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        command = f"cdk bootstrap aws://{target.account}/{target.region}"
        self._reporter.say(command)
        credentials = self._credentials(target.account)
        variables = {name.upper(): value for name, value in credentials.items()}
        self._succeed(command, self._cdk.bootstrap(target, trusted=trusted, credentials=variables))

    def deploy(self, *, stack: str | None = None, trust: bool = True) -> CdkRun:
        """`cdk bootstrap` and `cdk deploy`, each line told to the reporter.

        Args:
            stack: the stack, and what it depends on. Default: all that the environment is made of, without
                its pipeline.
            trust: as for `bootstrap`.

        Raises:
            RehearsalError: one of them failed; the text is the end of what the CLI printed.
        """
        self.bootstrap(trust=trust)
        if self._cdk is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        if stack is None:
            stack = "AirflowStack" if self.settings.airflow else "EfsStorageStack"
        say = self._reporter.say
        say(f"cdk deploy {stack}")
        run = self._cdk.run("deploy", stack, "--require-approval", "never", "--progress", "events", say=say)
        return self._succeed(f"cdk deploy {stack}", run)

    def _succeed(self, command: str, run: CdkRun) -> CdkRun:
        if self.failure:
            raise RehearsalError(self.failure)
        if run.status != 0:
            tail = "\n".join(run.output.splitlines()[-25:])
            raise RehearsalError(f"{command} failed with status {run.status}:\n{tail}")
        return run

    @contextlib.contextmanager
    def fault(self, spec: str) -> Iterator["Injected"]:
        """Let something go wrong for the time of a `with` block.

        Args:
            spec: the fault, as `--fault` takes it.

        Raises:
            RehearsalError: it is not a fault.
        """
        box = FaultBox(self.plan.directory)
        key = box.put(parse_fault(spec))
        try:
            yield Injected(box, key)
        finally:
            box.remove(key)

    def strikes(self) -> dict[str, int]:
        """How often each fault that was asked for at the start has struck."""
        box = FaultBox(self.plan.directory)
        return {spec: box.strikes(key) for key, spec in self._injected.items()}

    def context(self) -> list[str]:
        """The options with which `cdk` chooses this rehearsal's environment."""
        if self._cdk is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        return self._cdk.context()

    def client(self, service: str, region: str | None = None, *, account: str | None = None) -> Any:
        """A boto3 client of an emulated account.

        Args:
            service: as boto3 names it.
            region: Default: that of the environment.
            account: one of another environment, where its administrator is at work. Default: that of the
                environment.
        """
        return boto3_session().client(  # type: ignore[call-overload]
            service,
            region_name=region or self.settings.region,
            endpoint_url=self.plan.account_url,
            **self._credentials(account or self.settings.account),
        )

    def _credentials(self, account: str) -> dict[str, str]:
        if account == self.settings.account:
            # The emulated account verifies no signature.
            return {"aws_access_key_id": self.plan.access_key, "aws_secret_access_key": "rehearsal"}
        role = f"arn:{self.settings.partition}:iam::{account}:role/{ADMINISTRATOR}"
        session = self.client("sts").assume_role(RoleArn=role, RoleSessionName="rehearsal")["Credentials"]
        return {
            "aws_access_key_id": session["AccessKeyId"],
            "aws_secret_access_key": session["SecretAccessKey"],
            "aws_session_token": session["SessionToken"],
        }

    def kubernetes(self) -> kubernetes_client.ApiClient:
        """A Kubernetes client of the cluster, as its administrator."""
        return kubernetes_config.new_client_from_config(config_file=str(self.plan.kubeconfig))

    def exports(self) -> dict[str, str]:
        """The variables with which `npx cdk`, `kubectl` and boto3 reach this rehearsal from a shell."""
        if self._cdk is None:
            raise RehearsalError("the rehearsal is not running: start it first")
        variables = self._cdk.environment_variables()
        variables["KUBECONFIG"] = str(self.plan.kubeconfig)
        programs = sorted(
            {
                str(path.parent)
                for path in (self.plan.directory / "lambda").glob("*/*/*")
                if path.name in ("kubectl", "helm")
            }
        )
        for name in ("NO_PROXY", "no_proxy"):
            variables[name] = os.environ[name]  # with this machine: see keep_loopback_off_proxies
        variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), *programs, "$PATH"])
        return variables


class Injected:
    """A fault of a running rehearsal."""

    def __init__(self, box: FaultBox, key: str) -> None:
        """Know a fault by its key in a box."""
        self._box, self._key = box, key

    @property
    def strikes(self) -> int:
        """How often it has struck."""
        return self._box.strikes(self._key)


def keep_loopback_off_proxies() -> None:
    """Add this machine to NO_PROXY of this process and its children: a proxy cannot reach a rehearsal."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        missing = [host for host in ("localhost", "127.0.0.1") if host not in hosts]
        os.environ[name] = ",".join([*hosts, *missing])
