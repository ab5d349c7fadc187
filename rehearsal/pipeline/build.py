"""One build: its buildspec run in a clean folder, with the declared environment and nothing else."""

import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rehearsal.children import die_with_parent
from rehearsal.pipeline.buildspec import PHASES, Buildspec
from rehearsal.pipeline.image import Image
from rehearsal.pipeline.step_failed import StepFailedError

_LAST_LINES = 25


@dataclass(frozen=True)
class Built:
    """What a build hands on."""

    output: Path | None
    """The folder; None: nothing."""
    exported: Mapping[str, str]


class Build:
    """A build that can be run once.

    Args:
        folder: clean, and the build's own.
        buildspec: what is run.
        environment: the declared variables, and those that CodeBuild sets.
        hidden: values that the log does not show; secrets. Default: none.
        say: hears the commands.
        log: the file of its output.
    """

    def __init__(
        self,
        *,
        folder: Path,
        buildspec: Buildspec,
        environment: Mapping[str, str],
        say: Callable[[str], None],
        log: Path,
        hidden: Collection[str] = (),
    ) -> None:
        self._folder = folder
        self._buildspec = buildspec
        self._environment = environment
        self._say = say
        self._log = log
        self._hidden = [value for value in hidden if value]

    @property
    def _source(self) -> Path:
        return self._folder / "src"

    def run(self) -> Built:
        """Run it.

        Raises:
            StepFailedError: a command failed, or what it should hand on is not there; with the last lines.
        """
        image = Image(self._folder / "bin")
        image.provide(self._buildspec.runtimes, self._say)
        home, tools, scratch = (self._folder / name for name in ("home", "tools", "tmp"))
        for made in (home, tools, scratch):
            made.mkdir(exist_ok=True)
        exported = self._folder / "exported"
        exported.mkdir()
        status = self._execute(
            {
                **_way_to_registries(),
                **self._environment,
                **self._buildspec.variables,
                "PATH": f"{tools / 'bin'}{os.pathsep}{image.folder}",
                "HOME": str(home),
                "TMPDIR": str(scratch),
                # Where npm installs what is global: in an image that is on PATH.
                "NPM_CONFIG_PREFIX": str(tools),
                "CODEBUILD_SRC_DIR": str(self._source),
            },
            image,
            exported,
        )
        if status:
            raise StepFailedError(f"the build failed with status {status}:\n{self._tail()}")
        return Built(
            self._output(), {path.name: path.read_text(encoding="utf-8") for path in exported.iterdir()}
        )

    def _execute(self, environment: Mapping[str, str], image: Image, exported: Path) -> int:
        script = self._folder / "build.sh"
        script.write_text(self._script(exported), encoding="utf-8")
        with (
            self._log.open("w", encoding="utf-8") as log,
            subprocess.Popen(
                [str(image.folder / "sh"), str(script)],
                cwd=self._source,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
                preexec_fn=die_with_parent,
            ) as process,
        ):
            assert process.stdout is not None  # noqa: S101  # PIPE was asked for
            try:
                for said in process.stdout:
                    line = self._hide(said)
                    log.write(line)
                    if line.startswith(_MARK):
                        self._say(line.rstrip())
                process.wait()
            finally:
                # With a container, all that a build left running ends.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return process.returncode

    def _hide(self, line: str) -> str:
        for value in self._hidden:
            line = line.replace(value, "***")
        return line

    def _script(self, exported: Path) -> str:
        lines = []
        for phase in PHASES:
            for command in self._buildspec.commands[phase]:
                # One shell for all, as in CodeBuild since buildspec 0.2: what one sets, the next has.
                lines += [
                    f"echo {shlex.quote(f'{_MARK} {command}'.splitlines()[0])}",
                    command,
                    "rehearsed_status=$?; [ $rehearsed_status -eq 0 ] || exit $rehearsed_status",
                ]
        for name in self._buildspec.exported:
            lines.append(
                f'[ -z "${{{name}+set}}" ] || printf %s "${name}" > {shlex.quote(str(exported / name))}'
            )
        return "\n".join([*lines, "exit 0", ""])

    def _output(self) -> Path | None:
        if self._buildspec.base_directory is None:
            return None
        output = self._source / self._buildspec.base_directory
        if not output.is_dir() or not any(output.iterdir()):
            raise StepFailedError(f"no files for the artefact: {self._buildspec.base_directory} is not there")
        return output

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return "\n".join(lines[-_LAST_LINES:])


_MARK = "[Container] Running command"


def _way_to_registries() -> dict[str, str]:
    """How this machine reaches package registries: in CodeBuild a build reaches them directly."""
    names = ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "node_extra_ca_certs")
    found = {
        name: value
        for name, value in os.environ.items()
        if name.lower() in names or name.upper().startswith("PIP_")
    }
    files = {
        "NPM_CONFIG_USERCONFIG": Path.home() / ".npmrc",
        "NPM_CONFIG_CACHE": Path.home() / ".npm",
        "PIP_CONFIG_FILE": Path.home() / ".config" / "pip" / "pip.conf",
        "PIP_CACHE_DIR": Path.home() / ".cache" / "pip",
    }
    return found | {name: str(path) for name, path in files.items() if path.exists() and name not in found}
