"""The base of every model in the settings, and the constraints that their fields share."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from settings.faults import Fault, FaultsError

Item = TypeVar("Item")


class Section(BaseModel):
    """A mapping in a settings file: immutable, with known keys only, and without conversions.

    Strict on purpose: YAML reads an unquoted 1.30 as the number 1.3, and turning that into text would
    choose another Kubernetes version without a word.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=False)


class Constraint(ABC):
    """What a field's value must be besides its type; stands in the field's Annotated."""

    @abstractmethod
    def _check(self, value: Any) -> Any:
        """Return the value, or raise FaultsError."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))


@dataclass(frozen=True)
class Form(Constraint):
    """Text that must match a regular expression from beginning to end.

    The expression must be valid in Python and in JSON Schema (ECMA 262) alike.
    """

    pattern: str
    problem: str
    cure: str
    max_length: int | None = None

    def _check(self, value: str) -> str:
        if self.max_length is not None and len(value) > self.max_length:
            problem = f"has {len(value)} characters, {self.max_length} are allowed"
            raise FaultsError([Fault(problem, "write a shorter one")])
        if re.fullmatch(self.pattern, value) is None:
            raise FaultsError([Fault(self.problem, self.cure)])
        return value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        json_schema = handler(schema)
        json_schema["pattern"] = f"^(?:{self.pattern})$"
        if self.max_length is not None:
            json_schema["maxLength"] = self.max_length
        return json_schema


@dataclass(frozen=True)
class Between(Constraint):
    """A whole number between two others, both included."""

    low: int
    high: int

    def _check(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise FaultsError(
                [Fault("is out of range", f"write a whole number from {self.low} to {self.high}")]
            )
        return value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True)
class WholeNumber(Constraint):
    """A choice among numbers that is a number in the file, too: for Python, true is 1 and 30.0 is 30."""

    def _check(self, value: Any) -> Any:
        if type(value) is not int:
            raise FaultsError([Fault("is not a whole number", "write a whole number, without quotes")])
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))


@dataclass(frozen=True)
class NotEmpty(Constraint):
    """A list with at least one item."""

    cure: str

    def _check(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        if not value:
            raise FaultsError([Fault("is an empty list", self.cure, subject="")])
        return value

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "minItems": 1}


def sections_in(annotation: Any) -> Iterator[type[Section]]:
    """The models within an annotation, such as a list of one or one that may be null."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from sections_in(argument)


def repeats(items: tuple[Item, ...], key: Callable[[Item], object]) -> list[tuple[int, int]]:
    """Index of every item whose key an earlier one has, with the index of that earlier one."""
    first: dict[object, int] = {}
    return [
        (index, first[key(item)])
        for index, item in enumerate(items)
        if first.setdefault(key(item), index) != index
    ]
