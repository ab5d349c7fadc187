"""Kubernetes' rules for what a settings file names: objects, labels and quantities."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator

from settings.faults import Fault, FaultsError
from settings.section import Form

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"

ObjectName = Annotated[
    str,
    Form(
        r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*",
        "is not a name that Kubernetes accepts",
        "use lower-case letters, digits, - and ., and begin and end with a letter or a digit",
        max_length=253,
    ),
]
"""A DNS subdomain (RFC 1123), which is what Kubernetes wants of most names."""


def _dns_label(what: str) -> Form:
    return Form(
        r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
        f"is not {what} that Kubernetes accepts",
        "use lower-case letters, digits and -, and begin and end with a letter or a digit",
        max_length=63,
    )


Namespace = Annotated[str, _dns_label("a namespace")]
"""A DNS label (RFC 1123)."""

LabelName = Annotated[str, _dns_label("a name")]
"""A DNS label (RFC 1123): the name of an object that is also the value of a label, or a part of a name."""

_LABEL_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
LABEL_VALUE_CURE: Final = (
    "write at most 63 letters, digits and -_., beginning and ending with a letter or a digit"
)
_LABEL_KEY: Final = rf"(?:(?=.{{1,253}}/){_LABEL}(?:\.{_LABEL})*/)?{_LABEL_NAME}"


TAINT_KEY: Final = _LABEL_KEY
"""The key of a taint, as a regular expression: Kubernetes has the rules of a label's for it."""


def is_label_value(text: str) -> bool:
    """Whether Kubernetes takes a text for the value of a label, or of a taint."""
    return not text or re.fullmatch(_LABEL_NAME, text) is not None


def _label_faults(labels: Mapping[str, str]) -> Iterator[Fault]:
    for key, value in labels.items():
        if re.fullmatch(_LABEL_KEY, key) is None:
            yield Fault(
                "is not a label key that Kubernetes accepts",
                "write NAME or DOMAIN/NAME, the name of at most 63 letters, digits and -_.",
                (key,),
                f'key "{key}"',
            )
        if not is_label_value(value):
            yield Fault(
                "is not a label value that Kubernetes accepts",
                LABEL_VALUE_CURE,
                (key,),
            )


def _check_labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    FaultsError.raise_if_any(_label_faults(labels))
    return labels


Labels = Annotated[Mapping[str, str], AfterValidator(_check_labels)]

_MOST_ANNOTATION_BYTES: Final = 256 * 1024


def _annotation_faults(annotations: Mapping[str, str]) -> Iterator[Fault]:
    for key in annotations:
        if re.fullmatch(_LABEL_KEY, key) is None:
            yield Fault(
                "is not an annotation key that Kubernetes accepts",
                "write NAME or DOMAIN/NAME, the name of at most 63 letters, digits and -_.",
                (key,),
                f'key "{key}"',
            )
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _MOST_ANNOTATION_BYTES:
        yield Fault(f"has {size} bytes, 262144 are allowed", "write less", subject="")


def _check_annotations(annotations: Mapping[str, str]) -> Mapping[str, str]:
    FaultsError.raise_if_any(_annotation_faults(annotations))
    return annotations


Annotations = Annotated[Mapping[str, str], AfterValidator(_check_annotations)]

_QUANTITY: Final = r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[mkMGTPE]|[eE][+-]?[0-9]{1,2})?"
_FACTORS: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** (power + 1) for power, suffix in enumerate("kMGTPE")},
    **{f"{suffix}i": Decimal(1024) ** (power + 1) for power, suffix in enumerate("KMGTPE")},
}
_MOST_BYTES: Final = 2**63 - 1


def quantity_in_bytes(text: str) -> Decimal:
    """The value of a Kubernetes quantity.

    Raises:
        ValueError: the text is not a quantity.
    """
    match = re.fullmatch(_QUANTITY, text)
    if match is None:
        raise ValueError(f'"{text}" is not a quantity')
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _FACTORS:
        return number * _FACTORS[suffix]
    return number.scaleb(int(suffix[1:]))


def quantity_spellings(text: str) -> list[str]:
    """A quantity as it is written, and as Kubernetes writes it: with the largest suffix that leaves it whole.

    Raises:
        ValueError: the text is not a quantity.
    """
    size = quantity_in_bytes(text)
    suffixes = {
        "binary": [(suffix, factor) for suffix, factor in _FACTORS.items() if suffix.endswith("i")],
        "decimal": [(suffix, factor) for suffix, factor in _FACTORS.items() if not suffix.endswith("i")],
    }["binary" if text.endswith("i") else "decimal"]
    whole = [(factor, suffix) for suffix, factor in suffixes if size % factor == 0]
    if not whole:
        return [text]
    factor, suffix = max(whole)
    return list(dict.fromkeys([text, f"{int(size / factor)}{suffix}"]))


def _check_size(text: str) -> str:
    try:
        size = quantity_in_bytes(text)
    except ValueError:
        raise FaultsError([Fault("is not a Kubernetes quantity", "write a size such as 5Gi")]) from None
    if size < 1:
        raise FaultsError([Fault("is less than one byte", "write a size such as 5Gi")])
    if size > _MOST_BYTES:
        raise FaultsError(
            [Fault("is more than Kubernetes can count, 2^63 - 1 bytes", "write a size such as 5Gi")]
        )
    return text


Size = Annotated[str, AfterValidator(_check_size)]
"""A storage request: a Kubernetes quantity of at least one byte."""
