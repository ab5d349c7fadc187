"""Wrong usage is one line on standard error and status 2: the option, the value, and where help is."""

import pytest
import typer

from operations import cli


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 2
) -> str:
    """What a command says, with nothing on standard output."""
    monkeypatch.setattr("sys.argv", ["airflow-efs", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert ended.value.code == status
    assert printed.out == ""
    return printed.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["prove", "x", "--timeout", "1"],
            'error: --timeout: "1" should be greater than or equal to 5: see airflow-efs prove --help',
        ),
        (
            ["cost", "x", "--gib", "many"],
            'error: --gib: "many" should be a valid number, unable to parse string as a number: '
            "see airflow-efs cost --help",
        ),
        (
            ["cost", "x", "--output", "xml"],
            "error: --output/-o: 'xml' is not one of 'table', 'json': see airflow-efs cost --help",
        ),
        (
            ["prove", "x", "--claim", "a", "--class", "b"],
            "error: --class: a claim that exists has its class: see airflow-efs prove --help",
        ),
        (
            ["trace", "Logs"],
            'error: claim: "Logs" is no name in Kubernetes: use lower-case letters, digits, - and ., '
            "beginning and ending with a letter or digit: see airflow-efs trace --help",
        ),
        (["trace"], "error: claim: is missing: give it: see airflow-efs trace --help"),
        (["rehearse", "--keeep"], "error: No such option: --keeep (Possible options: --help, --keep)"),
        (["doctr"], "error: No such command 'doctr'. Did you mean 'doctor'?"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = said(monkeypatch, capsys, *arguments)
    assert printed.startswith(line)
    assert printed.count("\n") == 1


def test_an_option_that_is_missing_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert said(monkeypatch, capsys, "discover", "c").startswith(
        "error: --region: is missing: give it, or set AWS_REGION: see "
    )


def test_without_a_command_the_help_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["airflow-efs"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert "discover" in printed.out + printed.err
    assert "error" not in printed.err


def test_an_interruption_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "values_text", lambda *_: interrupted())
    printed = said(monkeypatch, capsys, "values", "x", status=130)
    assert printed == "interrupted: everything was stopped\n"


def test_an_interruption_while_it_waits_for_an_end_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "stop_kept", interrupted)
    printed = said(monkeypatch, capsys, "rehearse", "--stop", status=130)
    assert printed.startswith("interrupted: what was told to stop goes on stopping; ")
    assert printed.count("\n") == 1


def test_a_question_without_an_answer_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unanswered(*_: object, **__: object) -> list[str]:
        raise typer.Abort

    monkeypatch.setattr(cli, "stop_kept", unanswered)
    printed = said(monkeypatch, capsys, "rehearse", "--stop", status=1)
    assert printed == "error: nobody answered: nothing was changed\n"


@pytest.mark.parametrize("more", [["--keep"], ["--prepare"], ["--fault", "unavailable:sts:1s"]])
def test_what_ends_rehearsals_does_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    printed = said(monkeypatch, capsys, "rehearse", "--stop", *more, status=2)
    assert "--stop does nothing else: leave out the other options" in printed
