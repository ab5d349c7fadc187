"""Which settings the models know, asked of the models themselves.

Discovery then writes a field only where the models accept it, and a comment where they do not.
"""

from typing import Any, get_args

from settings import Environment
from settings.wording import sections_in


def accepts(path: str, value: Any = None) -> bool:
    """Whether the models know a field, and, where one is given, a word as its value.

    Args:
        path: the field, such as `driver.install`.
        value: one of the field's words.
    """
    *sections, name = path.split(".")
    model: Any = Environment
    for section in sections:
        if section not in model.model_fields:
            return False
        model = next(sections_in(model.model_fields[section].annotation), None)
        if model is None:
            return False
    if name not in model.model_fields:
        return False
    return value is None or value in get_args(model.model_fields[name].annotation)
