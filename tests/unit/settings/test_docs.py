"""docs/settings.md keeps up with the models."""

import re
from pathlib import Path

from settings import Environment
from settings.section import Section, sections_in
from settings.versions import CLUSTER_VERSIONS, KUBECTL_LAYERS

PAGE = (Path(__file__).parents[3] / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", PAGE, re.MULTILINE))


def fields(model: type[Section], prefix: str = "") -> dict[str, str]:
    found = {}
    for name, field in model.model_fields.items():
        found[prefix + name] = field.description or ""
        for inner in sections_in(field.annotation):
            found |= fields(inner, f"{prefix}{name}.")
    return found


def test_the_page_has_a_row_for_every_field_and_for_no_other() -> None:
    assert [*ROWS] == [*fields(Environment)]


def test_every_row_has_the_fields_own_description() -> None:
    for path, description in fields(Environment).items():
        assert ROWS[path].startswith(f"{description} |"), path


def test_the_page_has_the_layers_of_the_code() -> None:
    for layer, served in KUBECTL_LAYERS.items():
        assert f"| {served[0]} to {served[-1]} | v{layer} |" in PAGE
    assert f'`"{CLUSTER_VERSIONS[0]}"` to `"{CLUSTER_VERSIONS[-1]}"`' in PAGE
