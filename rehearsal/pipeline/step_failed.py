"""Why a release stopped."""


class StepFailedError(Exception):
    """An action, or the entry into a stage, failed; the text is for a person."""
