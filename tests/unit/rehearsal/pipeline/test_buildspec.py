from pathlib import Path

import pytest

from rehearsal.pipeline.buildspec import Buildspec
from rehearsal.pipeline.step_failed import StepFailedError


def test_a_buildspec_may_be_a_file_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "assets.yaml").write_text("version: 0.2\nphases: {build: {commands: [make]}}")
    assert Buildspec.read("assets.yaml", tmp_path).commands["build"] == ("make",)


def test_a_file_that_the_source_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match=r"the source has no buildspec assets\.yaml"):
        Buildspec.read("assets.yaml", tmp_path)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"version": 0.2, "batch": {}}', "batch in the buildspec"),
        ('{"phases": {"build": {"finally": []}}}', "finally in the phase build"),
        ('{"env": {"secrets-manager": {}}}', "secrets-manager in env"),
    ],
)
def test_what_is_not_rehearsed_is_refused(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(StepFailedError, match=f"not rehearsed: {part}"):
        Buildspec.read(text, tmp_path)
