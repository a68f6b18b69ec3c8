"""Whom a sentence means that opens with "He" or ends in "she said": the person whom the sentences before it name.

A wrong name is worse than none. One is given only where the sentence before, or the nearest one that speaks of anybody,
names one person who may be meant and nobody else who may: no second name, no "officer" or "mother", no pronoun of
another. Whether a name is a person's is read from the article itself: a title, an age, a role, a first name that is
one, a last name that speaks later.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from onrecord.index.text.words import STOPWORDS
from onrecord.index.types import Article, Sentence
from onrecord.qa.steps.person_words import FEMALE, GENDERED, MALE, NOT_PERSONS, ROLES, TITLES, Gender

Unnamed = Literal["nobody", "unclear"]

FURTHEST = 3  # sentences before the one in question in which a person is looked for
LONGEST = 5  # words of a name
BLOCK = 15_000  # characters: whose a name is, is read from the block that it stands in and the two beside it

UPPER = "A-ZÀ-ÖØ-ÞČĐŁŚŞŠŽİ"
_WORD = rf"[{UPPER}][\w’'-]*\w"
PARTICLE = r"(?:al-|el-|bin |ibn |abu |abo |von |van |van der |der |de |de la |del |di |da |du |la |le |ter )"
NAME = re.compile(rf"(?<![\w’'-]){_WORD}(?: {PARTICLE}?(?:{_WORD}|[{UPPER}]\.(?:[{UPPER}]\.)*))*")
_SUBJECT = re.compile(
    r"^(?:(?:but|and|yet|so|still|then|however|meanwhile|instead|later|also|now|earlier|previously|afterwards?|today|"
    r"eventually|initially|originally|finally|further|additionally|nevertheless|recently),? )?"
    r"((?:he|she|his|her)(?:[’'](?:s|d|ll))?)\b(?! (?:or|and) )",
    re.IGNORECASE,
)
_SPEAKS = re.compile(r"[,.!?…—-][”\"’'] (he|she) [a-z]")
_FRONTED = re.compile(r"^[^,“\"”]{2,80}, (he|she)\b")
_QUOTATION = re.compile(r"“[^”]*(?:”|$)|\"[^\"]*(?:\"|$)")
_PRONOUN = re.compile(r"\b(?:(?P<m>he|him|his|himself)|(?P<f>she|her|hers|herself))\b", re.IGNORECASE)
_AGE = re.compile(r",? (?:\(?\d{1,3}\)?,|who\b|\d{1,2}-year-old)")
_SAYING = r"(?:said|says|told|added|wrote|explained|recalled|testified|argued|tweeted|continued|asked|replied)"
_SAYS = re.compile(rf" (?:also |later |has |had )?{_SAYING}\b")
_SAID = re.compile(rf"\b{_SAYING} \Z")
_BESIDE = re.compile(r", (?:an? |the |his |her |their )?((?:[\w’'-]+ ){0,4}[\w’'-]+)")
_IS = re.compile(r",| (?:is|was|became|has been) ")
_LAST_WORD = re.compile(r"([\w’'-]+) \Z")
_WHOLE = re.compile(r"[.!?…][\s\"'”’»)\]]*$")
_LETTERS = re.compile(r"[\w’'-]+")
_NO_SUBJECT_AFTER = frozenset(
    "of for with by to from against about in on at near and or than like as under over".split()
)
_PLACE_AFTER = frozenset("in at near the from outside".split())


@dataclass(frozen=True, slots=True)
class Antecedent:
    """``name`` as the article has it from ``start_char`` on; ``behind``: where in the sentence the pronoun ends."""

    name: str
    start_char: int
    behind: int


def pronoun(text: str) -> tuple[int, Gender] | None:
    """Where the pronoun ends that is a sentence's subject or its speaker, and which it is; None where there is none.

    >>> pronoun("But she left."), pronoun("“I left,” he said."), pronoun("In 2020, he left."), pronoun("Brandt left.")
    ((7, 'f'), (12, 'm'), (11, 'm'), None)
    """
    found = _SUBJECT.match(text) or (_SPEAKS.search(text) if text[:1] in ("“", '"') else None)
    if found is None and (fronted := _FRONTED.match(text)):
        before = text[1 : fronted.start(1)]
        names_somebody = re.search(f"[{UPPER}]", before) or _PRONOUN.search(before) or any(_roles(before))
        found = None if names_somebody else fronted
    if found is None:
        return None
    return found.end(1), "f" if found[1].lower().startswith(("she", "her")) else "m"


def antecedents(
    chosen: Sequence[Sentence], article: Callable[[str], Article], sentences: Callable[[str], Sequence[Sentence]]
) -> list[Antecedent | None]:
    """Who the pronoun of each sentence is. ``article`` and its ``sentences`` are looked up by the article's id."""

    def one(sentence: Sentence) -> Antecedent | None:
        if pronoun(sentence.text) is None or (whole := article(sentence.article_id)).language != "en":
            return None
        own = sentences(whole.id)
        unchanged = sentence in own[sentence.index : sentence.index + 1]  # not replaced since the search
        return antecedent(whole.text, own, sentence.index) if unchanged else None

    return [one(sentence) for sentence in chosen]


def antecedent(text: str, sentences: Sequence[Sentence], index: int) -> Antecedent | None:
    """Who the pronoun of the sentence is; None where it has none, and where the article leaves it open.

    ``text`` is the article's, in English; ``sentences`` are all of it.
    """
    here = sentences[index]
    found = pronoun(here.text)
    if found is None or (_SUBJECT.match(here.text) and _inside_quotation(text, here.start_char)):
        return None
    behind, gender = found
    people = _people(text, here.start_char // BLOCK)
    for before in reversed(sentences[max(0, index - FURTHEST) : index]):
        named = people.meant(before, gender)
        if isinstance(named, Name):
            if set(named.words) & set(_LETTERS.findall(here.text)):  # "He said Brandt left": another one
                return None
            return Antecedent(text[named.start : named.end], named.start, behind)
        if named == "unclear":
            return None
    return None


def _inside_quotation(text: str, at: int) -> bool:
    """Whether a quotation is open at a place; each paragraph begins anew."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return before.count("“") > before.count("”") or before.count('"') % 2 == 1


def _roles(text: str) -> Iterator[re.Match[str]]:
    return (word for word in _LETTERS.finditer(text) if _bare(word.group()) in ROLES)


def _bare(word: str) -> str:
    return re.sub(r"[’']s?$", "", word.lower())


@dataclass(frozen=True, slots=True)
class Name:
    """A name at its place in the article, without the title before it. ``possessive``: "Brandt's"."""

    start: int
    end: int
    words: tuple[str, ...]
    title: str
    possessive: bool


def names_in(text: str, start: int, end: int) -> Iterator[Name]:
    """The names between two places, without the words that a sentence opens with: "But Brandt"."""
    for found in NAME.finditer(text, start, end):
        words = [(found.start() + word.start(), word.group()) for word in re.finditer(r"\S+", found.group())]
        stop, last = found.end(), words[-1][1]
        owns = last.endswith(("’s", "'s"))
        if owns:
            stop, words[-1] = stop - 2, (words[-1][0], last[:-2])
        titles = [n for n, (_, word) in enumerate(words[:-1], start=1) if word.lower().strip(".") in TITLES | ROLES]
        title = words[titles[-1] - 1][1].lower().strip(".") if titles else ""
        words = words[titles[-1] if titles else 0 :]
        while len(words) > 1 and (words[0][1].lower() in STOPWORDS or (len(words) > 2 and _of_things(words[0][1]))):
            words = words[1:]
        lone = words[0][1].lower() if len(words) == 1 else ""
        if lone not in STOPWORDS | NOT_PERSONS:
            yield Name(
                words[0][0], stop, tuple(w for _, w in words), title, owns or text[stop : stop + 1] in ("’", "'")
            )


class _People:
    """Who is named between two places of an article; full names first, to which the short ones belong."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._names = list(names_in(text, start, end))
        speakers = {name.words[0] for name in self._names if len(name.words) == 1 and self._speaks(name)}
        self._known: dict[tuple[str, ...], Name] = {}
        self._by_word: dict[str, set[tuple[str, ...]]] = {}
        for name in self._names:
            if len(name.words) > 1 and self._is_person(name, speakers):
                self._known.setdefault(name.words, name)
                for word in (name.words[0], name.words[-1]):
                    self._by_word.setdefault(word, set()).add(name.words)
        self._persons: dict[tuple[str, ...], Name | Unnamed] = {}  # as they are looked up
        self._genders: dict[str, Gender] = {}
        for name in self._names:
            person, gender = self._person(name), gender_of(name)
            if isinstance(person, Name) and gender:
                self._genders.setdefault(person.words[-1], gender)

    def meant(self, sentence: Sentence, gender: Gender) -> "Name | Unnamed":
        """The one person in a sentence whom a pronoun behind it may mean."""
        start = sentence.start_char
        said = _QUOTATION.sub(lambda quotation: " " * len(quotation.group()), sentence.text)
        pronouns = list(_PRONOUN.finditer(said))
        if any(found["f" if gender == "m" else "m"] for found in pronouns):
            return "unclear"
        names = self._within(start, sentence.end_char)
        persons = [self._person(name) for name in names]
        unknown = [name for name, person in zip(names, persons, strict=True) if person == "nobody"]
        if "unclear" in persons or any(map(self._may_be_person, unknown)):
            return "unclear"
        named = {
            person: name
            for name, person in reversed(list(zip(names, persons, strict=True)))
            if isinstance(person, Name) and self._genders.get(person.words[-1], gender) == gender
        }
        if self._speaks_of_others(sentence, said, list(named.values()), gender):
            return "unclear"
        if not named:
            spoken = pronoun(sentence.text)
            of_another = pronouns and (spoken is None or spoken[1] != gender)  # "The witness said he left."
            last_name = any(name.possessive or name.start == start or len(name.words) > 1 for name in unknown)
            return "unclear" if of_another or last_name else "nobody"
        (person, name), *others = named.items()
        at = name.start - start
        no_subject = name.possessive or self._before(name) in _NO_SUBJECT_AFTER or not said[at].strip()
        if others or no_subject or any(found.start() < at for found in pronouns) or not _WHOLE.search(sentence.text):
            return "unclear"
        return person

    def _within(self, start: int, end: int) -> list[Name]:
        first, last = (bisect_left(self._names, place, key=lambda name: name.start) for place in (start, end))
        return self._names[first:last]

    def _person(self, name: Name) -> "Name | Unnamed":
        """The person whose name it is, by their full name; "unclear" where it may be that of two."""
        if name.words not in self._persons:
            fits = [full for full in self._by_word.get(name.words[-1], ()) if set(name.words) <= set(full)]
            full = name.words if name.words in self._known else min(fits, default=())
            alike = name.words in self._known or len({(one[0], one[-1]) for one in fits}) == 1
            self._persons[name.words] = "nobody" if not full else self._known[full] if alike else "unclear"
        return self._persons[name.words]

    def _is_person(self, name: Name, speakers: Set[str]) -> bool:
        first, last = name.words[0].lower(), name.words[-1]
        if (last not in speakers and no_person(name)) or len(name.words) > LONGEST:
            return False
        beside = _BESIDE.match(self._text, name.end, name.end + 80)
        return bool(
            name.title
            or first in MALE | FEMALE
            or last in speakers
            or _AGE.match(self._text, name.end)
            or self._before(name) in ROLES
            or (beside and any(_roles(beside[1])))
        )

    def _may_be_person(self, name: Name) -> bool:
        """Whether it may be a person's name all the same: not "in Old Mill", "the Ferry Line"."""
        if len(name.words) == 1:
            return self._speaks(name)
        return not no_person(name) and self._before(name) not in _PLACE_AFTER

    def _speaks(self, name: Name) -> bool:
        return bool(_SAYS.match(self._text, name.end) or _SAID.search(self._text, max(0, name.start - 14), name.start))

    def _before(self, name: Name) -> str:
        """The word before a name that stands in its line."""
        found = _LAST_WORD.search(self._text, max(0, name.start - 30), name.start)
        return _bare(found[1]) if found else ""

    def _speaks_of_others(self, sentence: Sentence, said: str, named: Sequence[Name], gender: Gender) -> bool:
        """Whether somebody has no name: "a witness", but not "coach Ames", "Ames, a coach" or "Ames was a coach"."""
        for role in _roles(said):
            start, end = sentence.start_char + role.start(), sentence.start_char + role.end()
            if GENDERED.get(_bare(role.group()), gender) != gender:
                continue
            if not any(
                0 <= name.start - end <= 2 or (0 <= start - name.end <= 60 and _IS.match(self._text, name.end))
                for name in named
            ):
                return True
        return False


def no_person(name: Name) -> bool:
    """Whether it has a word that names of other things have; a first name may be one: "April", "Austin"."""
    first, *others = name.words
    return any(word.lower() in NOT_PERSONS for word in others) or _of_things(first)


def _of_things(first: str) -> bool:
    return first.lower() in NOT_PERSONS - MALE - FEMALE


@lru_cache(maxsize=16)
def _people(text: str, block: int) -> _People:
    """Who is named in a block of an article, and in those beside it: several sentences of one article are asked for."""
    return _People(text, max(0, block - 1) * BLOCK, (block + 2) * BLOCK)


def gender_of(name: Name) -> "Gender | None":
    """As its title or its first name tells."""
    first = name.words[0].lower() if len(name.words) > 1 else ""
    if (first in MALE) != (first in FEMALE):
        return "m" if first in MALE else "f"
    return GENDERED.get(name.title)
