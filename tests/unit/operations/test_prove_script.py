"""The script of writer and reader, run as real processes on a folder."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from operations.prove.script import MARK, SCRIPT
from operations.prove.verdict import parse

LIMIT = 20


class Volume:
    """A folder that stands for a volume, with a mount table that names it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self.mounts = folder / "mounts"
        options = "rw,relatime,vers=4.1,noresvport,proto=tcp,port=20241,addr=127.0.0.1"
        self.mounts.write_text(
            "overlay / overlay rw,lowerdir=/a:/b 0 0\n"
            f"127.0.0.1:/ {self.data} nfs4 {options} 0 0\n"
            "tmpfs /dev tmpfs rw 0 0\n"
        )
        self._folder = folder
        self._programs = folder / "programs"
        self._programs.mkdir()
        # What waits a second between two looks waits a tenth of it here.
        sleep = self._programs / "sleep"
        sleep.write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 0.1\n")
        sleep.chmod(0o755)

    def start(self, role: str, **variables: str) -> "Process":
        result = self._folder / f"{role}-{variables.get('READER', '')}"
        environment = {
            "PATH": f"{self._programs}{os.pathsep}{os.environ['PATH']}",
            "DATA": str(self.data),
            "MOUNTS": str(self.mounts),
            "RESULT": str(result),
            "ROLE": role,
            "RUN": "r1",
            "TOKEN": "the words",
            "LIMIT": str(LIMIT),
            "READERS": "zone-b",
            "READER": "",
            **variables,
        }
        return Process(environment, result)


class Process:
    def __init__(self, environment: Mapping[str, str], result: Path) -> None:
        self._result = result
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def end(self) -> tuple[int, Mapping[str, str]]:
        status = self._process.wait(LIMIT + 10)
        return status, parse(self._result.read_text())


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path)


def test_readers_find_what_the_writer_wrote_and_what_it_appends(volume: Volume) -> None:
    readers = [volume.start("reader", READER=zone, READERS="b c") for zone in ("b", "c")]
    writer = volume.start("writer", READERS="b c")
    status, said = writer.end()
    assert (status, said["done"]) == (0, "yes")
    assert said["owner"] == f"{os.getuid()}:{os.getgid()}"
    for reader in readers:
        status, said = reader.end()
        assert (status, said["content"], said["done"]) == (0, "same", "yes")
        assert said["owner"] == f"{os.getuid()}:{os.getgid()}"
        assert 0 <= int(said["append_seconds"]) <= LIMIT


def test_each_part_tells_its_own_line_of_the_mount_table(volume: Volume) -> None:
    reader = volume.start("reader", READER="zone-b")
    writer = volume.start("writer")
    for process in (reader, writer):
        _, said = process.end()
        assert (said["source"], said["type"]) == ("127.0.0.1:/", "nfs4")
        assert "noresvport" in said["options"].split(",")


def test_nothing_is_left_in_the_volume(volume: Volume) -> None:
    reader = volume.start("reader", READER="zone-b")
    volume.start("writer").end()
    reader.end()
    assert list(volume.data.iterdir()) == []


def test_a_reader_without_a_writer_gives_up_in_time(volume: Volume) -> None:
    status, said = volume.start("reader", READER="zone-b", LIMIT="1").end()
    assert status == 1
    assert said["error"] == "the writer's file did not appear within 1 seconds"


def test_a_writer_without_a_reader_names_it_and_removes_its_directory(volume: Volume) -> None:
    status, said = volume.start("writer", READERS="zone-b zone-c", LIMIT="2").end()
    assert status == 1
    assert said["error"] == "no word within 2 seconds from: zone-b zone-c"
    assert list(volume.data.iterdir()) == []


def test_a_reader_of_another_content_says_what_it_found(volume: Volume) -> None:
    here = volume.data / f"{MARK}r1"
    here.mkdir()
    (here / "content").write_text("other words\n")
    (here / "log").write_text("1\n")
    status, said = volume.start("reader", READER="zone-b", LIMIT="5").end()
    assert status == 1
    assert said["error"] == "the file holds 'other words', not what the writer wrote"


def test_a_reader_to_whom_no_append_becomes_visible_fails(volume: Volume) -> None:
    here = volume.data / f"{MARK}r1"
    here.mkdir()
    (here / "content").write_text("the words\n")
    (here / "log").write_text("1\n")
    status, said = volume.start("reader", READER="zone-b", LIMIT="1").end()
    assert status == 1
    assert said["content"] == "same"
    assert said["error"] == "what the writer appended did not appear within 1 seconds"


def test_a_writer_that_may_not_write_says_so(volume: Volume) -> None:
    # A name that is taken by a file: also the administrator, as whom tests may run, cannot make a directory.
    (volume.data / f"{MARK}r1").write_text("")
    status, said = volume.start("writer").end()
    assert status == 1
    assert said["error"] == "cannot make a directory in the volume"


def test_a_writer_removes_what_an_interrupted_run_has_left_and_nothing_else(volume: Volume) -> None:
    old, young, other = (volume.data / name for name in (f"{MARK}old", f"{MARK}young", "dag_id=etl"))
    for folder in (old, young, other):
        folder.mkdir()
        (folder / "file").write_text("x")
    long_ago = time.time() - 7200
    for folder in (old, other):
        os.utime(folder, (long_ago, long_ago))
    volume.start("writer", READERS="").end()
    assert sorted(volume.data.iterdir()) == sorted([young, other])
