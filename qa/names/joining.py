"""Which names of a collection are one: "Lavrov" and "Sergei Lavrov", "WHO" and "World Health Organization".

People are put together as speakers are (`qa.people.naming`). Places and organisations are the same where their words
are, without "the" and full stops; an abbreviation is the only name that an article has put it in brackets behind. What
is of one kind nearly everywhere is so where an article has it as another.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set

from onrecord.index.text.spelling import without_accents
from onrecord.qa.names.values import Found, NameKind
from onrecord.qa.people.naming import fits, merged, plain_words

Places = list[tuple[str, Found]]
"""Articles' ids, and what each has of a name."""
_ALIKE = {  # as it is written, plain -> as it is called
    "us": "United States", "usa": "United States", "united states": "United States", "america": "United States",
    "united states of america": "United States", "uk": "United Kingdom", "united kingdom": "United Kingdom",
    "britain": "United Kingdom", "great britain": "United Kingdom", "uae": "United Arab Emirates",
    "united arab emirates": "United Arab Emirates", "dc": "Washington, D.C.", "washington dc": "Washington, D.C.",
    "eu": "European Union", "european union": "European Union", "un": "United Nations",
    "united nations": "United Nations",
    "gop": "Republican Party", "republican party": "Republican Party",
}  # fmt: skip
_FIRM = re.compile(r",? (?:inc|corp|co|ltd|llc|plc|ag|gmbh|corporation|company|limited|incorporated)$")
_SURE, _FEW = 0.8, 3  # of the articles with a name, the share that have it as one kind; and how many at least


def plain(name: str) -> str:
    """For comparing.

    >>> plain("The Acme Corp."), plain("U.S."), plain("São Paulo")
    ('acme', 'us', 'sao paulo')
    """
    words = re.sub(r"[.]", "", without_accents(name).lower()).replace("’", "'").strip()
    return _FIRM.sub("", re.sub(r"^the ", "", words))


def folded(found: Iterable[tuple[str, Found]]) -> dict[tuple[NameKind, str], Places]:
    """By kind and the collection's name: where each stands. A name's own forms stay with it."""
    every = list(found)
    kinds = _kinds(every)
    of_kind: dict[NameKind, Places] = defaultdict(list)
    for article_id, one in every:
        of_kind[kinds.get(one.name, one.kind)].append((article_id, one))
    entries: dict[tuple[NameKind, str], Places] = defaultdict(list)
    for kind, places in of_kind.items():
        called = _called(kind, places)
        for article_id, one in places:
            entries[kind, called[one.name]].append((article_id, one))
    return dict(entries)


def _kinds(every: Places) -> dict[str, NameKind]:
    """Of names that articles have as several kinds: the one that nearly all have it as."""
    votes: dict[str, Counter[NameKind]] = defaultdict(Counter)
    for _, one in every:
        votes[one.name][one.kind] += 1
    sure = {}
    for name, counts in votes.items():
        kind, most = counts.most_common(1)[0]
        if len(counts) > 1 and counts.total() >= _FEW and most >= _SURE * counts.total():
            sure[name] = kind
    return sure


def _called(kind: NameKind, places: Places) -> dict[str, str]:
    """Each name -> the one under which it goes."""
    counts = Counter(one.name for _, one in places)
    if kind == "person":
        return merged(counts)
    if kind == "quantity":
        return {name: name for name in counts}
    groups: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        groups[plain(name)].append(name)
    best = {key: _ALIKE.get(key) or _best(kind, names, counts) for key, names in groups.items()}
    long = _written_out(places) if kind == "organisation" else {}
    return {name: best[long.get(key, key)] for key, names in groups.items() for name in names}


def _best(kind: NameKind, names: Iterable[str], counts: Mapping[str, int]) -> str:
    """The most frequent form; of a place not in capitals, in which the first words of an article have it."""
    capitals = {one for one in names if kind == "place" and one.isupper() and len(one) > 4 and "." not in one}
    best = max(names, key=lambda one: (one not in capitals, counts[one]))
    return best.title() if best in capitals else best


def _written_out(places: Places) -> dict[str, str]:
    """Abbreviations -> the only name that articles have them for."""
    names: dict[str, set[str]] = defaultdict(set)
    for _, one in places:
        for form in one.others:
            if form != one.name and form.replace(".", "").isupper():
                names[plain(form)].add(plain(one.name))
    return {short: next(iter(long)) for short, long in names.items() if len(long) == 1 and short not in long}


def same_name(asked: str, kind: NameKind, name: str, forms: Set[str]) -> bool:
    """Whether a name that is asked for may be this one."""
    if kind == "person":
        return bool(plain_words(asked)) and fits(asked, name)
    wanted = plain(asked)
    return wanted in {plain(name), *map(plain, forms)} or _ALIKE.get(wanted, "") == name
