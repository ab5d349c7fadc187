"""Whatever is put in the place of any value, the answer is in plain words and never a traceback."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settings import SettingsError, load_environment
from tests.unit.stacks.file_system_environments import EXISTING, NEW, ONE_ZONE, written_with

ENVIRONMENTS = Path(__file__).parents[3] / "environments"
EXAMPLES = {
    name: yaml.safe_load((ENVIRONMENTS / f"{name}.yaml").read_text(encoding="utf-8"))
    for name in ("airflow-seoul", "airflow-demo")
}
EXAMPLES["airflow-demo"]["airflow"] |= {
    "dags": {"git": {"repository": "https://git.example.com/dags.git"}},
    "ingress": {
        "host": "airflow.example.com",
        "class_name": "alb",
        "tls_secret": "tls",
        "annotations": {"a": "b"},
    },
    "permissions": {"task_policies": ["arn:aws:iam::aws:policy/x"], "remote_logging": {"bucket": "logs"}},
    "secrets": {"source": "kept", "store": {"name": "aws"}},
    "values": {"env": [{"name": "A", "value": "1"}], "triggerer": {"persistence": {"enabled": False}}},
}
OTHERS = [written_with(fields) for fields in (NEW, ONE_ZONE, EXISTING)]
JARGON = ("Input should", "pydantic", "value_error", "https://errors", "Extra inputs", "[type=", "Traceback",
          "see docs/settings.md")  # fmt: skip


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, item in items for inner in paths(item, (*path, key)))]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.just([]), st.just({}), st.just({1: 2}), st.just([None]), st.just({"x": []}),
)  # fmt: skip


PLACES = [(data, path) for data in (*EXAMPLES.values(), *OTHERS) for path in paths(data)[1:]]


@given(place=st.sampled_from(PLACES), value=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_anywhere_is_accepted_or_refused_in_plain_words(
    tmp_path: Path, place: tuple[Any, tuple[str | int, ...]], value: Any
) -> None:
    data, path = copy.deepcopy(place)
    around = data
    for step in path[:-1]:
        around = around[step]
    around[path[-1]] = value
    (tmp_path / "prod.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    try:
        load_environment("prod", tmp_path)
    except SettingsError as error:
        for line in error.faults:
            assert line.startswith(f"{tmp_path}/prod.yaml:")
            assert not [word for word in JARGON if word in line]
            assert "\n" not in line


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_among_choices_is_answered_with_the_choices(
    tmp_path: Path, number: int
) -> None:
    data = copy.deepcopy(EXAMPLES["airflow-seoul"])
    data["file_system"]["lifecycle"] = {"infrequent_access_after_days": number}
    (tmp_path / "prod.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", tmp_path)
    (line,) = raised.value.faults
    assert line.endswith("is not one of the choices: write 1, 7, 14, 30, 60, 90, 180, 270 or 365")


@pytest.mark.parametrize(
    "content", [b"\x00", b"\xfe\xff\x00a", b"%", b"!", b"&", b"*", b"<<: 1", b"a: !!binary x"]
)
def test_strange_bytes_are_refused_in_plain_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "prod.yaml").write_bytes(content)
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", tmp_path)
    assert not [word for word in JARGON if word in str(raised.value)]
