"""JSON Lines files with their line numbers: every complaint about a row names its file and line."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onrecord.index.errors import InputError


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a file, and ``where`` it is: file and line. Reading a field checks its type."""

    where: str
    data: Mapping[str, Any]

    def fail(self, problem: str) -> InputError:
        """The error to raise for this row: where it is, which one it is, and what is wrong."""
        name = self.data.get("id")
        return InputError(f"{self.where}: {f'{name!r}: ' if name else ''}{problem}")

    def text(self, name: str, *, required: bool = False) -> str:
        value = self.data.get(name, "")
        if not isinstance(value, str):
            raise self.fail(f"{name!r} must be text, found {value!r}; put it in quotes")
        if required and not value.strip():
            raise self.fail(f"{name!r} is missing or empty; every row needs it")
        return value

    def flag(self, name: str, default: bool | None = False) -> bool:
        value = self.data.get(name, default)
        if not isinstance(value, bool):
            raise self.fail(f"{name!r} must be true or false, found {value!r}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(f"{name!r} must be a list of texts, found {value!r}")
        return tuple(value)

    def objects(self, name: str, allowed: set[str]) -> list[dict[str, Any]]:
        value = self.data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(f"{name!r} must be a list of objects, found {value!r}")
        for item in value:
            self._refuse_unknown(item, allowed, within=f" in {name!r}")
        return value

    def only(self, allowed: set[str]) -> None:
        self._refuse_unknown(self.data, allowed)

    def _refuse_unknown(self, data: Mapping[str, Any], allowed: set[str], within: str = "") -> None:
        unknown = sorted(set(data) - allowed)
        if unknown:
            known = ", ".join(sorted(allowed))
            raise self.fail(f"unknown field {', '.join(map(repr, unknown))}{within}; known fields are {known}")


def read_jsonl(path: Path) -> Iterator[Row]:
    """The objects of a JSON Lines file with their places; empty lines are passed over.

    Raises:
        InputError: the file cannot be read, or a line is no JSON object.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            data = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{where}: is not JSON ({error.msg}); write one JSON object per line") from error
        if not isinstance(data, dict):
            raise InputError(f"{where}: is JSON but no object; write one JSON object per line")
        yield Row(where, data)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file; an ``InputError`` names it when it is missing or cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"{path}: the file is missing; a suite needs it") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); a suite's files are UTF-8 text") from error
