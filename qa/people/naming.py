"""Which names of a collection are one person's: "Lavrov", "Sergei Lavrov" and "Sergey V. Lavrov".

Two full names are one person's where they end alike and begin alike: the same first name, an initial of it, or another
spelling of it. A last name alone belongs to the only full name that ends with it; where there are two, to neither: an
article's own full name has been put in its place already.
"""

import re
from collections.abc import Iterable, Mapping

from onrecord.index.text.spelling import without_accents
from onrecord.qa.people.speakers import without_suffix
from onrecord.qa.steps.person_words import NOT_PERSONS, TITLES

_SPELLINGS = ((re.compile(r"ey$|ei$|ij$|iy$|yi$"), "y"), (re.compile(r"kh"), "h"), (re.compile(r"ph"), "f"))
_LEAST = 4  # letters of first names that may be two spellings of one


def plain_words(name: str) -> tuple[str, ...]:
    """The words of a name for comparing: lower case, no accents, no titles, no "Jr.".

    >>> plain_words("President Recep Tayyip Erdoğan"), plain_words("John Ames Jr.")
    (('recep', 'tayyip', 'erdogan'), ('john', 'ames'))
    """
    words = [re.sub(r"[’']s?$", "", word).strip(".,") for word in without_accents(name).split()]
    while len(words) > 1 and words[0].lower() in TITLES | {"the"}:
        words = words[1:]
    return tuple(word.lower() for word in without_suffix(tuple(words)))


def same_person(one: str, other: str) -> bool:
    """Whether two full names are one person's.

    >>> same_person("Sergei Lavrov", "Sergey V. Lavrov"), same_person("Boris Johnson", "Mike Johnson")
    (True, False)
    """
    first, second = plain_words(one), plain_words(other)
    if first == second:
        return True
    if min(len(first), len(second)) < 2 or first[-1] != second[-1] or set(first + second) & NOT_PERSONS:
        return False
    a, b = first[0], second[0]
    return a == b or (min(len(a), len(b)) == 1 and a[0] == b[0]) or _spelt_alike(a, b)


def _spelt_alike(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _LEAST:
        return False
    for pattern, plain in _SPELLINGS:
        one, other = pattern.sub(plain, one), pattern.sub(plain, other)
    return one == other


def merged(names: Mapping[str, int]) -> dict[str, str]:
    """Each name -> the one under which it goes, the most frequent full one. ``names``: how often each stands."""
    by_last: dict[str, list[str]] = {}
    for name in names:
        if words := plain_words(name):
            by_last.setdefault(words[-1], []).append(name)
    found: dict[str, str] = {}
    for alike in by_last.values():
        found |= _merged_alike(sorted(alike, key=lambda name: (-names[name], name)), names)
    return found


def _merged_alike(alike: Iterable[str], names: Mapping[str, int]) -> dict[str, str]:
    """Of names that end alike, the most frequent first."""
    groups: list[list[str]] = []
    short: list[str] = []
    for name in alike:
        words = plain_words(name)
        if len(words) == 1:
            short.append(name)
            continue
        fits = [group for group in groups if all(same_person(name, other) for other in group)]
        if len(fits) == 1:
            fits[0].append(name)
        else:
            groups.append([name])
    if len(groups) == 1 and short and not _is_organisation(groups[0][0]):
        groups[0].extend(short)
    elif short:
        groups.append(short)
    return {name: max(group, key=lambda one: _best(one, names)) for group in groups for name in group}


def _is_organisation(name: str) -> bool:
    last = name.split()[-1]
    return bool(set(plain_words(name)) & NOT_PERSONS) or (last.isupper() and len(last) > 1)


def _best(name: str, names: Mapping[str, int]) -> tuple[bool, int, int]:
    return len(plain_words(name)) > 1, names[name], len(name)


def fits(asked: str, name: str) -> bool:
    """Whether somebody who is asked for by name is the one of this name: by last name, first name, or in full."""
    wanted, words = plain_words(asked), plain_words(name)
    if len(wanted) == 1:
        return wanted[0] in (words[-1], words[0])
    return same_person(asked, name) or wanted == words[-len(wanted) :]
