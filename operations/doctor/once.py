"""A property that is read once, whatever the reading gives: a value, or an error that every reader gets."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class Once(Generic[Value]):
    """Like `functools.cached_property`, and an exception is kept as well.

    A call that AWS refuses is then made once, and each check that needs its answer hears why there is none.
    """

    def __init__(self, read: Callable[[Any], Value]) -> None:
        """Decorate the method that reads."""
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = f"_once_{name}"

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> "Once[Value]": ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> Value: ...
    def __get__(self, instance: object | None, owner: type[Any]) -> "Once[Value] | Value":
        if instance is None:
            return self
        kept: dict[str, Any] = instance.__dict__
        if self._name not in kept:
            try:
                kept[self._name] = (self._read(instance), None)
            except Exception as error:
                kept[self._name] = (None, error)
        value, refusal = kept[self._name]
        if refusal is not None:
            raise refusal
        result: Value = value
        return result
