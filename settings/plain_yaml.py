"""What YAML reads otherwise than it looks, and what CDK would."""

import json
import re
from collections.abc import Iterator

from settings.faults import Fault, Path
from settings.section import Section, sections_in
from settings.value_at import value_at
from settings.yaml_file import INTEGER, YamlFile

_DECIMAL = r"[-+]?(?:0|[1-9][0-9]*)"
_TOKEN = "{Token["  # noqa: S105  # how CDK writes what is only known in a deployment


def text_faults(file: YamlFile) -> Iterator[Fault]:
    """Keys that are not text, and text that CDK takes for one of its tokens."""
    for path, written in file.keys_that_are_not_text():
        shown = written if written.isprintable() else json.dumps(written)[1:-1]
        yield Fault(f"has the key {shown}, which is not text", f'quote it: "{shown}"', path, "")
    for path, written, _ in file.scalars():
        if _TOKEN in written:
            yield Fault(f"contains {_TOKEN}, with which CDK marks what it fills in", "write other text", path)


def number_faults(file: YamlFile, model: type[Section]) -> Iterator[Fault]:
    """Whole numbers that are not what they look like, such as 01000, where the settings want a number.

    Values of a chart are left alone: there 0440 is what helm reads, too.
    """
    for path, written, tag in file.scalars():
        if tag == INTEGER and not re.fullmatch(_DECIMAL, written) and _is_of_the_settings(model, path):
            problem = f"is {value_at(file.data, path)} in YAML"
            yield Fault(problem, "write the number in decimals, without a 0 before it", path, written)


def _is_of_the_settings(model: type[Section], path: Path) -> bool:
    """Whether a path is that of a field, and not one within a mapping of the user's own."""
    names = [step for step in path if isinstance(step, str)]
    for name in names[:-1]:
        field = model.model_fields.get(name)
        inner = next(sections_in(field.annotation), None) if field else None
        if inner is None:
            return False
        model = inner
    return names[-1] in model.model_fields
