"""What all tests with an emulated account share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def no_images_of_instances() -> Iterator[None]:
    """An account without the images that moto knows: to make their objects takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        yield
