"""Where the Kubernetes and storage programs come from; a stand-in for Go builds them."""

import platform
import re
import shutil
import threading
import time
from pathlib import Path

import pytest

from rehearsal import binaries
from rehearsal.binaries import (
    CONTROL_PLANE,
    EFS_CSI_DRIVER,
    KEDA,
    KUBE_SCHEDULER,
    MODULES,
    SCALING_MODULES,
    Binary,
    GoModule,
    SourceEdit,
    find_or_build,
)
from rehearsal.errors import RehearsalError
from tests.unit.rehearsal.programs import script

GO = """
echo "$@" >> {log}
case "$1" in
  env) echo go1.26.6 ;;
  list) printf 'a\\nb\\nc\\n' ;;
  mod) echo '{{"Path": "x", "Dir": "{modules}/x"}}' ;;
  build)
    {build}
    while test "$1" != -o; do shift; done
    out="$2"
    shift 2
    for package in "$@"; do
      program="$out$(echo "$package" | sed 's#/v[0-9]*$##; s#.*/##')"
      echo program > "$program"
      chmod +x "$program"
      echo "compiling $package"
    done ;;
esac
"""
NAMES = [name for module in MODULES for name in module.packages]


class Go:
    """A `go` on PATH that writes down how it is called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.log = folder / "log"
        self.build_does("")

    def build_does(self, text: str) -> None:
        self.log.touch()
        modules = self._folder / "modules"
        script(self._folder / "go", GO.format(log=self.log, build=text, modules=modules))

    def holds(self, file: str, text: str) -> None:
        """Put a file into the module that it says is downloaded."""
        path = self._folder / "modules" / "x" / file
        path.parent.mkdir(parents=True)
        path.write_text(text)

    def builds(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith("build ")]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AIRFLOW_EFS_CACHE", str(folder))
    monkeypatch.delenv("AIRFLOW_EFS_BINARIES", raising=False)
    return folder


@pytest.fixture
def go(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Go:  # noqa: ARG001
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}:/usr/bin:/bin")
    (tmp_path / "go").mkdir()
    return Go(tmp_path / "go")


@pytest.fixture
def named(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001
    """The folder that AIRFLOW_EFS_BINARIES names."""
    folder = tmp_path / "named"
    folder.mkdir()
    monkeypatch.setenv("AIRFLOW_EFS_BINARIES", str(folder))
    return folder


def find(said: list[str] | None = None, seen: list[tuple[str, int, int]] | None = None) -> dict[str, Binary]:
    lines, states = said if said is not None else [], seen if seen is not None else []
    return find_or_build(
        say=lines.append, progress=lambda what, done, total: states.append((what, done, total))
    )


def test_a_full_folder_of_the_users_is_all_that_is_needed(named: Path, cache: Path) -> None:
    for name in NAMES:
        script(named / name, "")
    found = find()
    assert {name: binary.path for name, binary in found.items()} == {name: named / name for name in NAMES}
    assert {binary.origin for binary in found.values()} == {f"AIRFLOW_EFS_BINARIES ({named})"}
    assert not cache.exists()


def test_what_the_folder_lacks_is_built(named: Path, go: Go) -> None:
    script(named / "aws-efs-csi-driver", "")
    script(named / "etcd", "")
    found = find()
    assert found["etcd"].path == named / "etcd"
    assert found["kube-apiserver"].path == CONTROL_PLANE.cache() / "kube-apiserver"
    assert found["kube-apiserver"].origin == "rehearsal/go/control-plane, built now"
    (build,) = go.builds()
    assert "kube-apiserver" in build
    assert "etcd" not in build.partition("-o")[2].replace("-etcd", "")


def test_what_another_folder_lacked_is_built_besides(
    named: Path, go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(named / "etcd", "")
    before = find()["kube-apiserver"].path.stat()
    monkeypatch.delenv("AIRFLOW_EFS_BINARIES")
    assert find()["etcd"].path == CONTROL_PLANE.cache() / "etcd"
    assert find()["kube-apiserver"].path.stat() == before
    assert len(go.builds()) == 3


@pytest.mark.parametrize("broken", ["empty", "not executable"])
def test_a_program_of_the_cache_that_cannot_run_is_built_again(go: Go, broken: str) -> None:
    program = find()["etcd"].path
    if broken == "empty":
        program.write_text("")
    else:
        program.chmod(0o644)
    find()
    assert program.read_text() == "program\n"
    assert len(go.builds()) == 3


def test_a_folder_that_is_none_is_an_error(
    cache: Path,  # noqa: ARG001
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    missing = tmp_path / "none"
    monkeypatch.setenv("AIRFLOW_EFS_BINARIES", str(missing))
    message = f"AIRFLOW_EFS_BINARIES names {missing}, which is not a folder: name one, or unset it."
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        find()


def test_a_program_that_cannot_be_run_is_an_error(named: Path) -> None:
    for name in NAMES:
        script(named / name, "")
    (named / "etcd").chmod(0o644)
    message = f"{named / 'etcd'} is not executable: chmod +x it, or remove it."
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        find()


def test_programs_are_built_once_and_then_come_from_the_cache(go: Go) -> None:
    first = find()
    assert sorted(first) == sorted(NAMES)
    assert all(binary.path.is_file() for binary in first.values())
    assert len(go.builds()) == 2  # one for each module
    again = find()
    assert {name: binary.path for name, binary in again.items()} == {
        name: binary.path for name, binary in first.items()
    }
    assert again["etcd"].origin == "rehearsal/go/control-plane, from the cache"
    assert len(go.builds()) == 2


def test_a_build_is_announced_and_shows_its_progress(go: Go) -> None:  # noqa: ARG001
    said: list[str] = []
    seen: list[tuple[str, int, int]] = []
    find(said, seen)
    assert said[0] == (
        "Building etcd, kube-apiserver, kube-controller-manager, csi-provisioner from Go modules: "
        f"3 to 10 minutes on two cores, once for these versions (kept in {CONTROL_PLANE.cache()})"
    )
    states = [(done, total) for what, done, total in seen if what == "control-plane"]
    assert states[0] == (1, 3)
    assert states[-1] == (3, 3)
    assert all(done <= total for done, total in states)


@pytest.mark.parametrize(
    "module", [*MODULES, *SCALING_MODULES], ids=lambda module: f"{module.folder} {sorted(module.packages)[0]}"
)
def test_the_key_depends_on_versions_checksums_and_programs(
    module: binaries.GoModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(binaries._MODULES, tmp_path / "go")
    monkeypatch.setattr(binaries, "_MODULES", tmp_path / "go")
    keys = [module.key()]
    for name in ("go.mod", "go.sum"):
        with (tmp_path / "go" / module.folder / name).open("a") as stream:
            stream.write("\n// changed\n")
        keys.append(module.key())
    monkeypatch.setattr(binaries.GoModule, "linker_flags", lambda _: "-X changed")
    keys.append(module.key())
    monkeypatch.setattr(platform, "machine", lambda: "another")
    keys.append(module.key())
    other = binaries.GoModule(folder=module.folder, packages={"x": "example.com/x"}, minutes="")
    keys.append(other.key())
    assert len(set(keys)) == len(keys)
    assert module.cache().name == f"{module.folder}-{module.key()}"


def test_the_version_of_a_module_is_the_one_that_go_mod_requires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "go.mod").write_text(
        "module x\n\nrequire example.com/single v1.0.0\n\nrequire (\n"
        "\texample.com/block v2.1.0 // indirect\n\texample.com/block/v3 v3.0.1\n)\n"
        "replace example.com/replaced => example.com/other v9.0.0\n"
    )
    monkeypatch.setattr(binaries, "_MODULES", tmp_path)
    module = binaries.GoModule(folder="one", packages={}, minutes="")
    assert module.version_of("example.com/single") == "v1.0.0"
    assert module.version_of("example.com/block") == "v2.1.0"
    assert module.version_of("example.com/block/v3") == "v3.0.1"
    message = "example.com/replaced is not required by rehearsal/go/one/go.mod"
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        module.version_of("example.com/replaced")


def test_kubernetes_is_told_its_version_and_the_driver_is_not() -> None:
    version = CONTROL_PLANE.version_of("k8s.io/kubernetes")
    assert f"k8s.io/component-base/version.gitVersion={version}" in CONTROL_PLANE.linker_flags()
    assert f"gitMinor={version.split('.')[1]}" in CONTROL_PLANE.linker_flags()
    assert EFS_CSI_DRIVER.linker_flags() == "-s -w"


def test_a_build_that_fails_is_one_error_and_leaves_nothing_in_the_cache(go: Go, cache: Path) -> None:
    go.build_does('for last in "$@"; do :; done; echo "x.go:1: undefined: y"; exit 1')
    with pytest.raises(
        RehearsalError,
        match=r"^go build of rehearsal/go/control-plane failed:\nx\.go:1: undefined: y$",
    ):
        find()
    assert [path.name for path in (cache / "binaries").iterdir() if path.suffix != ".lock"] == []


def test_packages_that_cannot_be_listed_are_one_error(go: Go, cache: Path) -> None:
    script(
        go.log.with_name("go"), 'test "$1" = env && echo go1.26.6 && exit; echo "no such module" >&2; exit 1'
    )
    with pytest.raises(
        RehearsalError, match=r"^list -deps in rehearsal/go/control-plane failed:\nno such module$"
    ):
        find()
    assert [path.name for path in (cache / "binaries").iterdir() if path.suffix != ".lock"] == []


def test_what_a_killed_build_left_is_not_taken_for_a_program(go: Go) -> None:
    partial = EFS_CSI_DRIVER.cache().with_suffix(".partial")
    partial.mkdir(parents=True)
    (partial / "aws-efs-csi-driver").write_text("half")
    found = find()
    assert found["aws-efs-csi-driver"].path.read_text() == "program\n"
    assert not partial.exists()
    assert len(go.builds()) == 2


def test_an_interrupted_build_leaves_nothing_in_the_cache(go: Go, cache: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_or_build(say=lambda _: None, progress=interrupt)
    assert [path.name for path in (cache / "binaries").iterdir() if path.suffix != ".lock"] == []
    assert len(go.builds()) == 1


def test_the_second_of_two_at_once_waits_and_does_not_build_again(go: Go, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    go.build_does(f"while ! test -e {gate}; do sleep 0.02; done")
    said: list[list[str]] = [[], []]
    found: list[dict[str, Binary]] = []
    threads = [threading.Thread(target=lambda lines=lines: found.append(find(lines))) for lines in said]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 10
    waiting = "Another rehearsal is building the same programs: waiting for it"
    while not any(waiting in lines for lines in said):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    gate.touch()
    for thread in threads:
        thread.join(10)
    assert len(go.builds()) == 2
    assert found[0] == found[1]


def test_a_module_is_found_where_go_says_that_it_lies(go: Go) -> None:
    path = "github.com/kubernetes-sigs/aws-efs-csi-driver"
    found = binaries.module_directory(EFS_CSI_DRIVER, path, say=lambda _: None)
    assert found == go.log.with_name("modules") / "x"
    assert f"mod download -json {path}@{EFS_CSI_DRIVER.version_of(path)}" in go.log.read_text()


def test_what_only_scaling_needs_is_neither_looked_for_nor_built_without_it(go: Go) -> None:
    assert not {name for module in SCALING_MODULES for name in module.packages} & set(find())
    assert all("kedacore" not in line and "kube-scheduler" not in line for line in go.builds())


def test_the_scheduler_is_a_program_of_the_control_planes_own_versions() -> None:
    assert KUBE_SCHEDULER.go_mod() == CONTROL_PLANE.go_mod()
    assert KUBE_SCHEDULER.linker_flags() == CONTROL_PLANE.linker_flags()
    assert KUBE_SCHEDULER.cache() != CONTROL_PLANE.cache()


def test_keda_is_told_its_version() -> None:
    version = KEDA.version_of("github.com/kedacore/keda/v2").removeprefix("v")
    assert KEDA.linker_flags() == f"-s -w -X github.com/kedacore/keda/v2/version.Version={version}"


def with_edit(before: str) -> GoModule:
    """KEDA's module with a single edit of a file `cmd/main.go`."""
    edit = SourceEdit(
        module="github.com/kedacore/keda/v2", file="cmd/main.go", before=before, after='"127.0.0.1:1"'
    )
    return GoModule(
        folder="keda", packages={"x": "github.com/kedacore/keda/v2/cmd/x"}, minutes="", edits=(edit,)
    )


def build(module: GoModule) -> None:
    find_or_build(say=lambda _: None, progress=lambda *_: None, modules=(module,))


def test_an_edit_is_built_from_a_copy_and_leaves_the_module_as_it_was(go: Go, tmp_path: Path) -> None:
    go.holds("cmd/main.go", 'Listen(":1")')
    seen = tmp_path / "seen"
    go.build_does(
        'for word in "$@"; do case "$word" in -modfile=*) modfile="${word#-modfile=}" ;; esac; done; '
        f'grep "^replace.*0$" "$modfile" > {seen}; cat "$(dirname "$modfile")/0/cmd/main.go" >> {seen}; '
        f'test -s "$(dirname "$modfile")/go.sum" || exit 1'
    )
    build(with_edit('":1"'))
    replace, content = seen.read_text().splitlines()
    assert replace.startswith("replace github.com/kedacore/keda/v2 => ")
    assert content == 'Listen("127.0.0.1:1")'
    assert (go.log.with_name("modules") / "x" / "cmd" / "main.go").read_text() == 'Listen(":1")'


@pytest.mark.parametrize("text", ['Listen(":2")', 'Listen(":1"); Listen(":1")'], ids=["gone", "twice"])
def test_an_edit_that_no_longer_fits_is_an_error(go: Go, text: str) -> None:
    go.holds("cmd/main.go", text)
    module = with_edit('":1"')
    version = module.version_of("github.com/kedacore/keda/v2")
    message = (
        f'cmd/main.go of github.com/kedacore/keda/v2 {version} does not say ":1" once: '
        "look at it again, and change the edit of rehearsal/go/keda in binaries.py."
    )
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        build(module)
    assert go.builds() == []


def test_an_edit_is_part_of_the_key() -> None:
    assert with_edit("a").key() != with_edit("b").key()
