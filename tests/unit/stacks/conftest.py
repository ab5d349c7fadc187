"""What the tests of pipelines share."""

from pathlib import Path

import pytest

from tests.unit.stacks.pipeline_environments import write_all


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with the environments of all pipelines."""
    directory = tmp_path_factory.mktemp("environments")
    write_all(directory)
    return directory
