"""The one error of a rehearsal that a person is meant to read."""


class RehearsalError(Exception):
    """What went wrong, where the log is, and what to do; shown without a stack trace."""
