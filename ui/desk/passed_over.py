"""The files of a folder that were not tried, in a line for each kind."""

from collections.abc import Sequence
from pathlib import PurePath

NAMED = 3  # of each kind
KINDS = 12  # lines
_FOLDERS = {"it is a link to a folder": "link% to folders", "it holds the parts of": "folder% of saved pages"}


def passed_over_lines(passed_over: Sequence[tuple[str, str]]) -> list[str]:
    """``(path, why)`` of `SyncReport`, as lines.

    >>> passed_over_lines([("a/1.rtf", "…"), ("a/2.rtf", "…"), ("b/3.RTF", "…"), ("4.rtf", "…"), ("README", "…")])
    ['4 .rtf files: 1.rtf, 2.rtf, 3.RTF and 1 more', '1 file without an ending: README']
    """
    kinds: dict[str, list[str]] = {}
    for path, why in passed_over:
        kinds.setdefault(_kind(PurePath(path), why), []).append(PurePath(path).name)
    lines = [_line(kind, names) for kind, names in list(kinds.items())[:KINDS]]
    rest = list(kinds.values())[KINDS:]
    return [*lines, *([f"{sum(map(len, rest)):,} files of {len(rest)} other kinds"] if rest else [])]


def _kind(path: PurePath, why: str) -> str:
    """With "%" where a plural ends."""
    for reason, kind in _FOLDERS.items():
        if reason in why:
            return kind
    return f"{path.suffix.lower()} file%" if path.suffix else "file% without an ending"


def _line(kind: str, names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{len(names):,} {kind.replace('%', 's' if len(names) > 1 else '')}: {', '.join(names[:NAMED])}{more}"
