"""The Kubernetes and storage programs of a rehearsal: found, or built once from Go modules and cached.

Each program is looked for in the folder that `AIRFLOW_EFS_BINARIES` names, then in the cache, and is else
built from the checked-in `go.mod` and `go.sum` in `rehearsal/go`. Several modules, not one: everything of
Kubernetes 1.36 compiles its packages once, and the others need the libraries of their own time. What only a
rehearsal of scaling runs is found or built only then.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.cache import cache_directory
from rehearsal.children import clean_environment, die_with_parent, kill_group
from rehearsal.errors import RehearsalError
from rehearsal.toolchain import go_command

_MODULES = Path(__file__).parent / "go"


@dataclass(frozen=True, kw_only=True)
class SourceEdit:
    """One place of a module's source that is built otherwise, because no flag or variable reaches it."""

    module: str
    """The Go module, which go.mod requires."""
    file: str
    """The file's path in it."""
    before: str
    """What stands there, exactly once: another version of the module must be looked at again."""
    after: str
    """What is built instead."""


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """A folder of `rehearsal/go` and the programs that are built from it."""

    folder: str
    packages: Mapping[str, str]
    """Program name -> Go package."""
    minutes: str
    """How long a build without any cache took on 2 cores, for the announcement."""
    edits: tuple[SourceEdit, ...] = ()
    """What is built otherwise than its authors wrote it. Default: nothing."""

    def go_mod(self) -> str:
        """The text of the module's go.mod, the one place of its versions."""
        return (_MODULES / self.folder / "go.mod").read_text(encoding="utf-8")

    def version_of(self, module: str) -> str:
        """The version of a Go module that go.mod requires, as `v1.36.3`."""
        found = re.search(rf"^\s*(?:require )?{re.escape(module)} (v\S+)", self.go_mod(), re.MULTILINE)
        if not found:
            raise RehearsalError(f"{module} is not required by rehearsal/go/{self.folder}/go.mod")
        return found[1]

    def linker_flags(self) -> str:
        """Strip symbols; and say which Kubernetes or KEDA it is, or clients see v0.0.0 or `main`."""
        if "\n\tgithub.com/kedacore/keda/v2/cmd/" in self.go_mod():
            path = "github.com/kedacore/keda/v2"
            return f"-s -w -X {path}/version.Version={self.version_of(path).removeprefix('v')}"
        if "\n\tk8s.io/kubernetes/cmd/" not in self.go_mod():
            return "-s -w"
        version = self.version_of("k8s.io/kubernetes")
        major, minor, _ = version.removeprefix("v").split(".")
        package = "k8s.io/component-base/version"
        return (
            f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} "
            f"-X {package}.gitMinor={minor}"
        )

    def key(self) -> str:
        """What the built programs depend on, as a short digest: versions, flags and the machine."""
        parts = [
            self.go_mod(),
            (_MODULES / self.folder / "go.sum").read_text(encoding="utf-8"),
            self.linker_flags(),
            repr(sorted(self.packages.items())),
            platform.system(),
            platform.machine(),
            *map(repr, self.edits),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def cache(self) -> Path:
        """The folder in the cache that holds the programs of exactly these versions."""
        return cache_directory() / "binaries" / f"{self.folder}-{self.key()}"


CONTROL_PLANE = GoModule(
    folder="control-plane",
    packages={
        "etcd": "go.etcd.io/etcd/server/v3",
        "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
        "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
        "csi-provisioner": "github.com/kubernetes-csi/external-provisioner/v6/cmd/csi-provisioner",
    },
    minutes="3 to 10 minutes",
)

EFS_CSI_DRIVER = GoModule(
    folder="efs-csi-driver",
    packages={"aws-efs-csi-driver": "github.com/kubernetes-sigs/aws-efs-csi-driver/cmd"},
    minutes="1 to 3 minutes",
)

MODULES: tuple[GoModule, ...] = (CONTROL_PLANE, EFS_CSI_DRIVER)
"""What every rehearsal runs."""

KUBE_SCHEDULER = GoModule(
    # The control plane's own go.mod. Its other programs would be built anew if it were one of them.
    folder="control-plane",
    packages={"kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler"},
    minutes="seconds to 5 minutes",
)

KWOK = GoModule(
    folder="kwok",
    packages={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
    minutes="1 to 3 minutes",
)

KEDA = GoModule(
    folder="keda",
    packages={
        "keda-operator": "github.com/kedacore/keda/v2/cmd/operator",
        "keda-adapter": "github.com/kedacore/keda/v2/cmd/adapter",
    },
    minutes="5 to 15 minutes",
    edits=(
        # The adapter serves Prometheus metrics on every interface; a rehearsal listens on loopback only.
        SourceEdit(
            module="github.com/kedacore/keda/v2",
            file="cmd/adapter/main.go",
            before='fmt.Sprintf(":%v", metricsAPIServerPort)',
            after='fmt.Sprintf("127.0.0.1:%v", metricsAPIServerPort)',
        ),
    ),
)

SCALING_MODULES: tuple[GoModule, ...] = (KUBE_SCHEDULER, KWOK, KEDA)
"""What a rehearsal runs besides when it has nodes and KEDA."""

Progress = Callable[[str, int, int], None]
"""Called with what is compiled, how many packages are done and how many there are."""


@dataclass(frozen=True, kw_only=True)
class Binary:
    """A program that can be run, and where it came from."""

    name: str
    path: Path
    origin: str


def programs(*, scaling: bool, say: Callable[[str], None], progress: Progress) -> dict[str, Binary]:
    """Every program of a rehearsal, with or without those of scaling; see `find_or_build`."""
    modules = (*MODULES, *SCALING_MODULES) if scaling else MODULES
    return find_or_build(say=say, progress=progress, modules=modules)


def find_or_build(
    *, say: Callable[[str], None], progress: Progress, modules: Sequence[GoModule] = MODULES
) -> dict[str, Binary]:
    """Every program of a rehearsal by name; builds what is neither named nor cached.

    Args:
        say: receives a line before anything that takes long.
        progress: receives the state of a build.
        modules: whose programs. Default: those that every rehearsal runs.

    Raises:
        RehearsalError: `AIRFLOW_EFS_BINARIES` is not a folder or holds a program that cannot be run, or a
            build failed.
    """
    named = _named_folder()
    found: dict[str, Binary] = {}
    for module in modules:
        for name in module.packages:
            if named and (candidate := named / name).is_file():
                if not os.access(candidate, os.X_OK):
                    raise RehearsalError(f"{candidate} is not executable: chmod +x it, or remove it.")
                found[name] = Binary(name=name, path=candidate, origin=f"AIRFLOW_EFS_BINARIES ({named})")
        missing = [name for name in module.packages if name not in found]
        cache = module.cache()
        origin = f"rehearsal/go/{module.folder}, from the cache"
        if _absent(cache, missing):
            _build(module, missing, say=say, progress=progress)
            origin = f"rehearsal/go/{module.folder}, built now"
        for name in missing:
            found[name] = Binary(name=name, path=cache / name, origin=origin)
    return found


def _absent(folder: Path, names: Sequence[str]) -> list[str]:
    """The programs of which the folder has none that could be run."""
    return [
        name for name in names if not (os.access(folder / name, os.X_OK) and (folder / name).stat().st_size)
    ]


def module_directory(module: GoModule, path: str, *, say: Callable[[str], None]) -> Path:
    """The folder on disk of a Go module that `module` requires, downloaded when it is not there."""
    run = _go(
        [str(go_command(say=say)), "mod", "download", "-json", f"{path}@{module.version_of(path)}"],
        module=module,
    )
    found = re.search(r'"Dir": "(.+)"', run)
    if not found:
        raise RehearsalError(f"the Go module {path} cannot be downloaded: {run.strip()}")
    return Path(found[1])


def _named_folder() -> Path | None:
    value = os.environ.get("AIRFLOW_EFS_BINARIES")
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    if not folder.is_dir():
        raise RehearsalError(
            f"AIRFLOW_EFS_BINARIES names {value}, which is not a folder: name one, or unset it."
        )
    return folder


def _build(
    module: GoModule, wanted: Sequence[str], *, say: Callable[[str], None], progress: Progress
) -> None:
    target = module.cache()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _lock(target.with_suffix(".lock"), say=say):
        names = _absent(target, wanted)
        if not names:
            return  # another rehearsal has built it while this one waited
        go = str(go_command(say=say))
        say(
            f"Building {', '.join(names)} from Go modules: {module.minutes} on two cores, once for these "
            f"versions (kept in {target})"
        )
        partial = target.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)  # of a build that was killed
        partial.mkdir()
        try:
            packages = [module.packages[name] for name in names]
            total = len(_go([go, "list", "-deps", *packages], module=module).splitlines())
            with tempfile.TemporaryDirectory(dir=partial) as scratch:
                options = _edited(module, Path(scratch), say=say)
                _compile(
                    [go, "build", "-v", "-trimpath", *options, "-ldflags", module.linker_flags()],
                    module,
                    packages,
                    into=partial,
                    scratch=scratch,
                    total=total,
                    progress=progress,
                )
            target.mkdir(exist_ok=True)
            for name, package in zip(names, packages, strict=True):
                (partial / _default_name(package)).replace(target / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _edited(module: GoModule, scratch: Path, *, say: Callable[[str], None]) -> list[str]:
    """The options with which `go build` takes edited copies, kept in `scratch`, for the modules of the edits.

    Whole modules, not single files: Go refuses an overlay of what lies in its module cache.
    """
    if not module.edits:
        return []
    copies: dict[str, Path] = {}
    for edit in module.edits:
        if edit.module not in copies:
            copies[edit.module] = scratch / str(len(copies))
            original = module_directory(module, edit.module, say=say)
            shutil.copytree(original, copies[edit.module], copy_function=shutil.copyfile)
            for folder, _, _ in os.walk(copies[edit.module]):
                Path(folder).chmod(0o700)  # Go's module cache cannot be written to, and so could the copy not
        file = copies[edit.module] / edit.file
        text = file.read_text(encoding="utf-8")
        if text.count(edit.before) != 1:
            raise RehearsalError(
                f"{edit.file} of {edit.module} {module.version_of(edit.module)} does not say {edit.before} "
                f"once: look at it again, and change the edit of rehearsal/go/{module.folder} in binaries.py."
            )
        file.write_text(text.replace(edit.before, edit.after), encoding="utf-8")
    go_mod = scratch / "go.mod"
    replaced = "".join(f"\nreplace {path} => {copy}\n" for path, copy in copies.items())
    go_mod.write_text(module.go_mod() + replaced, encoding="utf-8")
    shutil.copyfile(_MODULES / module.folder / "go.sum", scratch / "go.sum")
    return [f"-modfile={go_mod}"]


def _compile(
    build_command: Sequence[str],
    module: GoModule,
    packages: Sequence[str],
    *,
    into: Path,
    scratch: str,
    total: int,
    progress: Progress,
) -> None:
    command = [*build_command, "-o", f"{into}/", *packages]
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=_MODULES / module.folder,
        env={**_go_environment(), "GOTMPDIR": scratch},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,  # with the compilers that it starts
        preexec_fn=die_with_parent,
    ) as build:
        assert build.stdout is not None  # noqa: S101  # PIPE was asked for
        try:
            for line in build.stdout:
                lines.append(line.rstrip())
                progress(module.folder, min(len(lines), total), total)  # downloads have lines too
        except BaseException:
            kill_group(build)
            raise
    if build.returncode != 0:
        tail = "\n".join(lines[-15:])
        raise RehearsalError(f"go build of rehearsal/go/{module.folder} failed:\n{tail}")
    progress(module.folder, total, total)


def _default_name(package: str) -> str:
    parts = package.split("/")
    # `go build` names a program after the package's folder, skipping a major-version suffix.
    return parts[-2] if re.fullmatch(r"v\d+", parts[-1]) else parts[-1]


def _go(command: Sequence[str], *, module: GoModule) -> str:
    run = subprocess.run(
        command,
        cwd=_MODULES / module.folder,
        env=_go_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        detail = (run.stderr or run.stdout).strip()
        raise RehearsalError(f"{' '.join(command[1:3])} in rehearsal/go/{module.folder} failed:\n{detail}")
    return run.stdout


def _go_environment() -> dict[str, str]:
    # The user's own proxy, checksum and cache settings apply; only what would change the result is fixed.
    return {
        **clean_environment(),
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


@contextmanager
def _lock(path: Path, *, say: Callable[[str], None]) -> Iterator[None]:
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another rehearsal is building the same programs: waiting for it")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
