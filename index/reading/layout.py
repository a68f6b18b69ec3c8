"""Lines that a program broke at the edge of a page, put together again into paragraphs.

PDF pages and hard-wrapped text break sentences in the middle; a sentence must be one run of characters to be cited.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

_ENDS = re.compile(r"[.!?…:;؟。！？][\"”’')\]»]*$")
_BULLET = re.compile(r"(?:[-*•●▪–—]|\d{1,3}[.)])\s")
_SOFT_BREAK = re.compile(r"(?<=[a-zß-ÿ])-$")


def looks_wrapped(text: str) -> bool:
    """Was this text broken at a fixed width? Most lines are of about the same length and stop mid-sentence.

    >>> looks_wrapped("A headline\\n\\nOne sentence on a line.\\nAnother one on the next line.")
    False
    """
    lines = [line.rstrip() for line in text.split("\n")]
    pairs = [(a, b) for a, b in pairwise(lines) if a and b.strip()]
    if len(pairs) < 4:
        return False
    width = sorted(len(a) for a, _ in pairs)[int(0.9 * len(pairs))]
    if not 35 <= width <= 130 or max(len(line) for line in lines) > 1.4 * width:
        return False
    full = [a for a, b in pairs if len(a) + 1 + len(b.split()[0]) > 0.9 * width]
    open_ended = sum(not _ENDS.search(a) for a, _ in pairs)
    return len(full) > 0.7 * len(pairs) and open_ended > 0.5 * len(pairs)


def unwrap(text: str) -> str:
    """Join the lines of each paragraph. A new one starts at a blank line, a bullet, or after a short closed line."""
    lines = [line.strip() for line in text.split("\n")]
    filled = sorted(len(line) for line in lines if line)
    width = filled[int(0.9 * (len(filled) - 1))] if filled else 0
    paragraphs: list[list[str]] = []  # of each its pieces: adding to a long string again and again takes for ever
    previous = ""
    for line in lines:
        starts_new = (
            not previous
            or not line
            or _BULLET.match(line)
            or (len(previous) < 0.75 * width and (_ENDS.search(previous) or not line[0].islower()))
        )
        if starts_new or not paragraphs:
            paragraphs.append([line])
        elif _SOFT_BREAK.search(previous[-2:]) and line[0].islower():
            paragraphs[-1][-1] = paragraphs[-1][-1][:-1]
            paragraphs[-1].append(line)
        else:
            paragraphs[-1] += [" ", line]
        previous = line
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map("".join, paragraphs))).strip()


def join_pages(pages: Sequence[str]) -> str:
    """The pages of a PDF as one text, without page numbers and the heads and feet that repeat."""
    split = [[line.strip() for line in page.split("\n")] for page in pages]
    edges = Counter(line for lines in split for line in {*lines[:2], *lines[-2:]} if line)
    repeated = {line for line, times in edges.items() if len(pages) > 2 and times > len(pages) / 2}
    kept = [
        [
            line
            for place, line in enumerate(lines)
            if not (
                line in repeated
                or (
                    place in (0, len(lines) - 1) and re.fullmatch(r"(?:page )?\d{1,4}(?: of \d+)?", line, re.IGNORECASE)
                )
            )
        ]
        for lines in split
    ]
    return unwrap("\n".join("\n".join(lines) for lines in kept))
