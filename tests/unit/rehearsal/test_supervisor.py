"""What the supervisor does at each tick, without a rehearsal."""

from http.client import RemoteDisconnected

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.supervisor import tend_each


class Pods:
    """Pods that count how often they were tended, and then fail as they are told."""

    def __init__(self, error: Exception | None = None) -> None:
        self.tended = 0
        self._error = error

    def tend(self) -> None:
        self.tended += 1
        if self._error:
            raise self._error


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(), TimeoutError(), RemoteDisconnected("no answer"), ValueError("half an answer")],
    ids=lambda error: type(error).__name__,
)
def test_pods_that_cannot_be_read_now_do_not_keep_others_from_being_tended(error: Exception) -> None:
    first, second = Pods(error), Pods()
    tend_each([first, second])
    assert (first.tended, second.tended) == (1, 1)


def test_pods_that_could_not_be_read_are_tended_again() -> None:
    pods = Pods(ConnectionRefusedError())
    tend_each([pods])
    tend_each([pods])
    assert pods.tended == 2


def test_a_program_that_ends_again_and_again_ends_the_rehearsal() -> None:
    with pytest.raises(RehearsalError, match="ended 5 times"):
        tend_each([Pods(RehearsalError("ended 5 times"))])
