"""Who hears what a rehearsal is doing."""

from typing import Protocol


class Reporter(Protocol):
    """Who hears what a rehearsal is doing."""

    def say(self, line: str) -> None:
        """Hear one line."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Hear how far a build is."""


class Silent:
    """A reporter that nobody listens to, the default."""

    def say(self, line: str) -> None:
        """Drop the line."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Drop the state of the build."""
