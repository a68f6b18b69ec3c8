"""Markdown as a reader sees it: the words, without the signs that shape them.

Line by line, in time that grows with the length alone, whatever stands there: a search for a sign's partner never runs
over the same text twice. What is no Markdown stays as it is, as do lists and tables, which read well with their signs.
"""

import re

_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+")
_TITLE = re.compile(r"#[ \t]+(?=.)")
_QUOTED = re.compile(r"[ \t]*>[ \t]?")
# Between two signs stands none of the same kind, so that each search ends at the next one.
_SHAPED = (
    (re.compile(r"(?<![\w*])(\*{1,3})(?=\S)([^*\n]+?)(?<=\S)\1(?![\w*])"), r"\2"),
    (re.compile(r"(?<![\w_])(_{1,3})(?=\S)([^_\n]+?)(?<=\S)\1(?![\w_])"), r"\2"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
)


def without_marks(text: str) -> str:
    """
    >>> without_marks("## Why\\n> The **old** bridge is [shut](https://x.example).<!-- ask -->")
    'Why\\nThe old bridge is shut.'
    """
    text = "\n".join(map(_without_line_marks, _without_comments(text).split("\n")))
    for pattern, kept in _SHAPED:
        text = pattern.sub(kept, text)
    return text


def first_heading(text: str) -> str:
    """What the first "# " heading says, with its marks, or ``""``."""
    return next((_heading_text(line, match.end()) for line in text.split("\n") if (match := _TITLE.match(line))), "")


def _without_comments(text: str) -> str:
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept.append(text[place:start])
        place = end + 3
    return "".join([*kept, text[place:]])


def _without_line_marks(line: str) -> str:
    line = _without_links(_without_links(line, opening="![", keep=False), opening="[", keep=True)
    if _FENCE.match(line):
        return ""
    if match := _HEADING.match(line):
        line = _heading_text(line, match.end())
    if match := _QUOTED.match(line):
        line = line[match.end() :]
    return "" if _is_rule(line) else line


def _heading_text(line: str, start: int) -> str:
    return line[start:].rstrip("#").rstrip(" \t")


def _is_rule(line: str) -> bool:
    signs = line.replace(" ", "").replace("\t", "")
    return len(signs) >= 3 and not signs.strip("-*_")


def _without_links(line: str, *, opening: str, keep: bool) -> str:
    """Without "(address)" and the brackets before it; ``keep``: what stood in the brackets, unless that is nothing."""
    kept, place = [], 0  # all before `place` is settled
    closing = line.find("](")
    while closing >= 0:
        # A link's text holds no closing bracket, so it starts after the last one.
        start = line.find(opening, max(place, line.rfind("]", place, closing) + 1), closing)
        if start >= 0 and (closing > start + len(opening) or not keep):
            end = line.find(")", closing + 2)
            if end < 0:
                break
            kept += [line[place:start], line[start + len(opening) : closing] if keep else ""]
            place = end + 1
        closing = line.find("](", max(place, closing + 2))
    return "".join([*kept, line[place:]])
