"""An article -> the names in it, each once, with every place where it stands.

The model tags word by word, and takes a last name alone for an organisation as often as not. The whole article knows
better: a last name is the person's whose full name the article has, a name is of the kind that it is tagged with most
often, and where it is tagged once it is a name wherever it stands.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from onrecord.index.text.words import COUNTRIES, PEOPLES
from onrecord.index.types import Article, Sentence
from onrecord.qa.names.amounts import amounts
from onrecord.qa.names.values import Found, NameKind
from onrecord.qa.people.naming import merged, plain_words
from onrecord.qa.steps.antecedents import names_in, no_person
from onrecord.qa.steps.person_words import ROLES, TITLES

_Span = tuple[int, int]
_CUT = re.compile(r"\s*(?:/|\n|\s[|•–—-]{1,2}\s)\s*")  # "Hassan Ammar/AP" are two
_TAIL = re.compile(r"(?:[’']s?|-(?:era|based|born|led|backed|style|area))$")
_EDGES = " \t\n\"“”‘’'.,;:!?()[]{}*@#_-–—"
_NO_NAME = re.compile(r"[^A-ZÀ-ÖØ-ÞČĐŁŚŞŠŽİ]*|.*[@<>|{}\n].*|.*(?:https?:|www\.).*", re.DOTALL)
_DATELINE = re.compile(r"(?:^|\n)([A-Z][A-Z. -]{2,30})(?:, [A-Z][\w. ]{1,30})? ?(?:\([A-Z][\w ]{1,20}\) ?)?(?:--|–|—) ")
_PLACED = re.compile(r"\b(?:in|near|outside|across) $")
_BRACKETS = re.compile(r" \(([A-Z][A-Z&.-]{1,9})\)")
# What the words of a name tell, whatever it is tagged with: the first two before others, the rest at the end.
_PLACES_BEGIN = frozenset("lake mount cape fort gulf isle strait".split())
_PLACES_END = frozenset(
    """airport avenue bay beach boulevard canyon canal cemetery coast county creek desert falls forest harbor harbour
    highway island islands lake mountain mountains ocean peninsula province reservation reservoir ridge river road
    sea seashore stadium street township valley""".split()
)
_ORGANISATIONS_END = frozenset(
    """academy administration agency airlines alliance army association authority bank board bureau club college
    commission committee company congress corp corporation council court department federation force forum foundation
    fund group guard inc institute institution league llc ltd ministry museum network news organisation organization
    parliament party police post school senate service services society times tribunal trust union university""".split()
)
_NO_NAMES = frozenset(("AI", "COVID", "Covid", "COVID-19", "Covid-19", "Islam", "Christmas", "I’m", "I'm", "President"))
_NOTHING_ENDS = frozenset("act award awards bowl championship championships commandments cup day games treaty".split())
_LONGEST = 80  # characters of a name
_LINKS = frozenset("of and for the in on to at de la del y et &".split())


def named_in(article: Article, sentences: Sequence[Sentence], tags: Iterable[tuple[int, int, NameKind]]) -> list[Found]:
    """``tags``: the places that a model takes for names, of people, places and organisations."""
    text = article.text
    votes: dict[str, Counter[NameKind]] = defaultdict(Counter)
    for start, end, kind in tags:
        for span in _spans(text, start, end):
            votes[text[slice(*span)]][kind] += 1
    for found in _DATELINE.finditer(text):
        votes[found[1].strip()]["place"] += 10
    _hear_persons(text, votes)
    kinds = {name: told for name, counts in votes.items() if (told := _kind(name, counts))}
    places = _everywhere(text, kinds)
    return list(_joined(text, kinds, places, sentences))


def amounts_in(sentences: Sequence[Sentence]) -> list[Found]:
    """What is counted in money, per cent or a unit of measurement."""
    places: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    written: dict[str, Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for one in amounts(sentence.text):
            start = sentence.start_char + one.start
            places[one.name].append((sentence.index, start, sentence.start_char + one.end))
            written[one.name][sentence.text[one.start : one.end]] += 1
    return [
        Found("quantity", name, tuple(form for form, _ in written[name].most_common()), tuple(places[name]))
        for name in places
    ]


def _spans(text: str, start: int, end: int) -> Iterator[_Span]:
    """The names of a tag: cut where it has two, without the article before it and the "'s" behind."""
    at = start
    for cut in [*_CUT.finditer(text, start, end), None]:
        span = _trimmed(text, at, cut.start() if cut else end)
        if span[1] - span[0] <= _LONGEST and not _NO_NAME.fullmatch(text[slice(*span)]):
            yield span
        at = cut.end() if cut else end


def _trimmed(text: str, start: int, end: int) -> _Span:
    words = text[start:end]
    if words[:4].lower() == "the ":
        start += 4
    end -= len(words) - len(_TAIL.sub("", words))
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip(_EDGES))
    short = inner.rstrip(_EDGES)
    if inner[len(short) : len(short) + 1] == "." and re.search(r"(?:^|[. ])[A-Z]$|\b(?:Jr|Sr|Inc|Co|Corp|Ltd)$", short):
        short += "."
    return start, max(start, end - (len(inner) - len(short)))


def _hear_persons(text: str, votes: dict[str, Counter[NameKind]]) -> None:
    """Who has a title in the article is a person; so is who bears the last name of one."""
    for one in names_in(text, 0, len(text)):
        if one.title in TITLES and not no_person(one) and len(one.words) <= 4:
            votes[text[one.start : one.end]]["person"] += 3
    full = {
        name for name, counts in votes.items() if " " in name and counts["person"] * 2 > counts.total() and _plain(name)
    }
    lasts = {plain_words(name)[-1] for name in full}
    for name in list(votes):
        if " " not in name and name.lower() in lasts and votes[name]["place"] < 3:
            votes[name]["person"] += 100
    for name in full:
        last = re.sub(r",? (?:Jr|Sr)\.?$", "", name).split()[-1]
        if last.lower() not in ROLES and last not in votes:
            votes[last]["person"] += 100


def _kind(name: str, counts: Counter[NameKind]) -> NameKind | None:
    """By the words of the name where they tell, else as it is tagged most often; None for what is none of the kinds."""
    words = name.lower().strip(".").split()
    if name in _NO_NAMES or words[-1] in PEOPLES or (len(words) > 1 and words[-1] in _NOTHING_ENDS):
        return None
    if " ".join(words) in COUNTRIES:
        return "place"
    if len(words) > 1:
        if words[0] in _PLACES_BEGIN or words[-1] in _PLACES_END:
            return "place"
        if words[-1] in _ORGANISATIONS_END:
            return "organisation"
    return max(sorted(counts), key=lambda kind: counts[kind])


def _plain(name: str) -> bool:
    return not any(word.lower() in _LINKS for word in name.split()) and bool(plain_words(name))


def _everywhere(text: str, kinds: Mapping[str, NameKind]) -> dict[str, list[_Span]]:
    """Every place of each name; of two that overlap, the longer."""
    if not kinds:
        return {}
    names = sorted(kinds, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w@])(?:{'|'.join(map(re.escape, names))})(?!\w)")
    places: dict[str, list[_Span]] = defaultdict(list)
    for found in pattern.finditer(text):
        name = found.group()
        if (
            kinds[name] == "person"
            and " " not in name
            and _PLACED.search(text, max(0, found.start() - 9), found.start())
        ):
            continue  # "in Austin", where somebody of that name is in the article
        places[name].append(found.span())
    return places


def _joined(
    text: str, kinds: Mapping[str, NameKind], places: Mapping[str, Sequence[_Span]], sentences: Sequence[Sentence]
) -> Iterator[Found]:
    """The forms of one name put together: a person's by first and last name, an organisation's by its abbreviation."""
    counts = {name: len(spans) for name, spans in places.items()}
    whose = merged({name: count for name, count in counts.items() if kinds[name] == "person"})
    for name in counts:
        if kinds[name] == "organisation":
            whose |= {short: name for short in _abbreviations(text, places[name], name) if kinds.get(short) != "person"}
    forms: dict[tuple[NameKind, str], list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda one: -counts[one]):
        whole = whose.get(name, name)
        forms[kinds[whole] if whole in kinds else kinds[name], whole].append(name)
    for (kind, whole), names in forms.items():
        spans = sorted(span for name in names for span in places[name])
        where = tuple(_in_sentences(spans, sentences))
        if where:
            yield Found(kind, whole, tuple(names), where)


def _abbreviations(text: str, spans: Sequence[_Span], name: str) -> set[str]:
    """ "World Health Organization (WHO)": what stands in brackets behind a name and has its initials."""
    initials = "".join(word[0] for word in re.findall(r"\w+", name) if word[0].isupper())
    found = (_BRACKETS.match(text, end) for _, end in spans)
    return {one[1] for one in found if one and one[1].replace(".", "").replace("&", "") == initials}


def _in_sentences(spans: Sequence[_Span], sentences: Sequence[Sentence]) -> Iterator[tuple[int, int, int]]:
    at = 0
    for start, end in spans:
        while at < len(sentences) and sentences[at].end_char <= start:
            at += 1
        if at < len(sentences) and sentences[at].start_char <= start and end <= sentences[at].end_char:
            yield sentences[at].index, start, end
