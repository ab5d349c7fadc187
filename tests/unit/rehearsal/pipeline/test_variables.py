import pytest

from rehearsal.pipeline.step_failed import StepFailedError
from rehearsal.pipeline.variables import Variables


def test_a_reference_is_replaced_by_what_was_exported() -> None:
    variables = Variables("1")
    variables.add("prod-review@Changes", {"APPROVAL": "needed"})
    assert variables.resolve("is #{prod-review@Changes.APPROVAL}!") == "is needed!"


def test_the_execution_has_an_id() -> None:
    assert Variables("1").resolve("#{codepipeline.PipelineExecutionId}") == "1"


def test_a_variable_that_nobody_exported_fails_the_action() -> None:
    with pytest.raises(StepFailedError, match=r"#\{Changes\.APPROVAL\} is exported by no action before"):
        Variables("1").resolve("#{Changes.APPROVAL}")
