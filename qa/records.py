"""What the rooms hold as plain data for JSON, and back: the one place that knows its shape.

A dataclass becomes an object that has its fields under their own names, in their order. What a citation is of, and what
a search found, is not nested: the place of a `Sentence` or a `Passage` stands in the object that holds it, where the
sentence's text is the ``quote``. What follows from the fields and is wanted by every reader, such as the answer's
``text``, is written too, and passed over when it is read. Numbers have at most six digits after the point, those of a
mapping, such as the seconds of each step, four.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from onrecord.index.errors import InputError
from onrecord.index.types import Sentence

Kind = TypeVar("Kind")
UNNESTED = ("sentence", "passage")  # fields whose own fields stand beside the others
DERIVED = ("start_char", "end_char", "text", "day")  # properties that are written too


def to_dict(value: Any) -> dict[str, Any]:
    """The dataclass as plain data.

    >>> from onrecord.qa.types import Citation
    >>> to_dict(Citation(1, Sentence("a1", 0, 0, 4, "Yes."), "Bridge closed"))["quote"]
    'Yes.'
    """
    data: dict[str, Any] = {}
    for name, key, _ in _written(value.__class__):
        plain = _plain(getattr(value, name))
        data |= plain if name in UNNESTED else {key: plain}
    return data


def from_dict(kind: type[Kind], data: Mapping[str, Any]) -> Kind:
    """The object that :func:`to_dict` wrote. Fields that are not there have their defaults, others are passed over.

    Raises:
        InputError: a field without a default is not there, or is not what it should be.
    """
    try:
        read = _read(kind, data)
    except (TypeError, AttributeError) as error:
        raise InputError(f"This is no {kind.__name__} as this version of OnRecord writes it ({error}).") from error
    assert isinstance(read, kind)
    return read


def shape(kind: type) -> dict[str, Any]:
    """The keys of the object that :func:`to_dict` makes of a ``kind``, each with its type in Python.

    >>> list(shape(Sentence))
    ['article_id', 'index', 'start_char', 'end_char', 'quote']
    """
    found: dict[str, Any] = {}
    for name, key, one in _written(kind):
        found |= shape(one) if name in UNNESTED else {key: one}
    return found


@cache
def _written(kind: type) -> tuple[tuple[str, str, Any], ...]:
    """Of each attribute that is written: its name, its key, its type."""
    types = get_type_hints(kind)
    for name in DERIVED:
        if isinstance(derived := getattr(kind, name, None), property):
            types[name] = get_type_hints(derived.fget)["return"]
    return tuple((name, "quote" if (kind, name) == (Sentence, "text") else name, one) for name, one in types.items())


def _plain(value: Any) -> Any:
    match value:
        case float():
            return round(value, 6)
        case tuple() | list():
            return [_plain(one) for one in value]
        case Mapping():
            return {name: round(one, 4) for name, one in value.items()}
    return to_dict(value) if is_dataclass(value) else value


def _read(kind: Any, data: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], one) for one in data)
    if not is_dataclass(kind):
        return data
    assert isinstance(kind, type)
    given: dict[str, Any] = {"index": 0} if kind is Sentence else {}  # a server of an earlier version says none
    for name, key, one in _written(kind):
        if name in UNNESTED:
            given[name] = _read(one, data)
        elif key in data and not isinstance(getattr(kind, name), property):
            given[name] = _read(one, data[key])
    return kind(**given)
