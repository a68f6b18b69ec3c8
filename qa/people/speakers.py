"""Whom a short name means in one article, and whom "he": the full name that the article has for them."""

import re
from collections.abc import Sequence

from onrecord.index.types import Sentence
from onrecord.qa.people.sayings import Saying
from onrecord.qa.steps.antecedents import Name, antecedent, gender_of, names_in, no_person
from onrecord.qa.steps.person_words import TITLES

_LONGEST = 5  # words of a name
_CAPITALS = re.compile(r"(?:(?!The\b|But\b|And\b)[A-Z][\w&.]* )+\Z")
_SUFFIXES = frozenset(("Jr", "Sr", "II", "III", "IV", "Jr.", "Sr."))
_HE = {"he": "m", "she": "f"}


class Speakers:
    """Over one article. Names are given as the article has them, in full where it says so anywhere."""

    def __init__(self, text: str, sentences: Sequence[Sentence]) -> None:
        self._text, self._sentences = text, sentences
        # By last word: first and last word -> the first mention.
        self._full: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {}
        self._genders: dict[str, str] = {}
        for name in names_in(text, 0, len(text)):
            words = without_suffix(name.words)
            if 1 < len(words) <= _LONGEST and not no_person(name):
                self._full.setdefault(words[-1], {}).setdefault((words[0], words[-1]), words)
            if gender := gender_of(name):
                self._genders.setdefault(words[-1], gender)

    def of(self, saying: Saying, sentence: Sentence, before: str) -> str:
        """The speaker; empty where nobody is named. ``before``: that of the sentence before, which "he" may mean."""
        if saying.name is not None:
            return self._named(saying.name)
        return self._meant(saying, sentence, before) if saying.pronoun else ""

    def _named(self, name: Name) -> str:
        """In full, where the article has exactly one full name that ends like it."""
        words = without_suffix(name.words)
        if len(words) > 1:
            return " ".join(words if not no_person(name) else self._whole(name))
        full = self._full.get(words[0], {})
        (one,) = full.values() if len(full) == 1 else (words,)
        return " ".join(one)

    def _whole(self, name: Name) -> tuple[str, ...]:
        """The name of an organisation with the words before it that a person's would be read without."""
        before = _CAPITALS.search(self._text, max(0, name.start - 40), name.start)
        return (*(before.group().split() if before else ()), *name.words)

    def _meant(self, saying: Saying, sentence: Sentence, before: str) -> str:
        found = antecedent(self._text, self._sentences, sentence.index)
        if found and sentence.start_char + found.behind >= saying.by_start:
            first = next(names_in(self._text, found.start_char, found.start_char + len(found.name)), None)
            if first:
                return self._named(first)
        if not before:
            return ""
        gender = self._genders.get(before.split()[-1])
        if gender not in (None, _HE[saying.said_by.lower()]):
            return ""
        return before if self._nobody_else(sentence, saying, before) else ""

    def _nobody_else(self, sentence: Sentence, saying: Saying, before: str) -> bool:
        """Whether no other person is named since the last statement, nor in this sentence before "he"."""
        start = self._sentences[sentence.index - 1].start_char if sentence.index else sentence.start_char
        known = set(before.split())
        for name in names_in(self._text, start, saying.by_start):
            if set(name.words) & known or no_person(name):
                continue
            titled = name.title in TITLES
            if titled or name.words[-1] in self._full or len(name.words) > 1:
                return False
        return True


def without_suffix(words: tuple[str, ...]) -> tuple[str, ...]:
    """A name without "Jr."."""
    return words[:-1] if len(words) > 1 and words[-1] in _SUFFIXES else words
