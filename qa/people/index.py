"""Who says what in a library: read from each article once, when it is new, and put together under one name each."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import asdict

from onrecord.index.errors import InputError, UnknownArticle
from onrecord.index.types import Article, Filter, Sentence
from onrecord.qa.judges.injection import usable
from onrecord.qa.people.kept import Articles, Kept
from onrecord.qa.people.naming import fits, merged, plain_words
from onrecord.qa.people.statements import VERSION, Found, statements_in
from onrecord.qa.people.values import Person, Statement

KIND = "statements"


class People:
    """Over one library; any thread may ask. What was added since the last call is read first, each article once.

    >>> People(library).said("Lavrov")  # doctest: +SKIP
    """

    def __init__(self, library: Articles) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._kept = Kept(library, KIND, VERSION, _written, _read)
        self._names: dict[str, str] = {}  # as an article has it -> as the collection has it
        self._said: dict[str, list[tuple[str, Found]]] = {}  # by the collection's name

    def refresh(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Reads what is new. ``stopped()``: no further article is read; what was read is kept."""
        with self._lock:
            if self._kept.refresh(stopped=stopped):
                self._join()

    def people(self, where: Filter | None = None) -> tuple[Person, ...]:
        """Everybody who is named as a speaker, who says most first."""
        self.refresh()
        days = {one.id: one.published[:10] for one in self._library.articles(where)}
        found = [self._person(name, [s for s in said if s[0] in days], days) for name, said in self._said.items()]
        return tuple(sorted((one for one in found if one.statements), key=lambda one: (-one.statements, one.name)))

    def _person(self, name: str, said: Sequence[tuple[str, Found]], days: dict[str, str]) -> Person:
        when = sorted(day for one, found in said if (day := found.said_on or days[one]))
        names = Counter(found.speaker for _, found in said)
        first, last = (when[0], when[-1]) if when else ("", "")
        articles = len({one for one, _ in said})
        return Person(name, tuple(one for one, _ in names.most_common()), len(said), articles, first, last)

    def named(self, speaker: str) -> tuple[str, ...]:
        """The people whom a name may mean, who says most first: "Johnson" may be two; none where nobody is."""
        if not plain_words(speaker):
            raise InputError("Whose statements? Give a name, such as Lavrov.")
        self.refresh()
        exact = self._names.get(speaker)
        found = [name for name in self._said if fits(speaker, name)] or [
            theirs for own, theirs in self._names.items() if fits(speaker, own)
        ]
        found = [exact] if exact and len(plain_words(speaker)) > 1 else found
        return tuple(sorted(dict.fromkeys(found), key=lambda name: -len(self._said[name])))

    def said(self, speaker: str, where: Filter | None = None) -> tuple[Statement, ...]:
        """All that everybody of this name said, in order of the day; those without a day come last.

        Raises `InputError` for a name without letters.
        """
        names = self.named(speaker)
        kept = {one.id for one in self._library.articles(where)}
        with self._lock:
            places = [(name, one, found) for name in names for one, found in self._said.get(name, ()) if one in kept]
        return tuple(
            sorted(self._statements(places), key=lambda s: (s.day == "", s.day, s.article_id, s.sentence.index))
        )

    def of_article(self, article_id: str) -> tuple[Statement, ...]:
        """Who says what in one article, in its order, those without a name included; raises `UnknownArticle`."""
        self._library.article(article_id)
        self.refresh()
        with self._lock:
            places = [
                (self._names.get(found.speaker, ""), one, found)
                for one, all_found in self._kept.made.values()
                if one == article_id
                for found in all_found
            ]
        return tuple(self._statements(places))

    def _join(self) -> None:
        counts = Counter(found.speaker for _, said in self._kept.made.values() for found in said if found.speaker)
        self._names = merged(counts)
        self._said = {}
        for number in sorted(self._kept.made):
            article_id, said = self._kept.made[number]
            for found in said:
                if found.speaker:
                    self._said.setdefault(self._names[found.speaker], []).append((article_id, found))

    def _statements(self, places: Iterable[tuple[str, str, Found]]) -> list[Statement]:
        known: dict[str, tuple[Article, Sequence[Sentence]] | None] = {}
        statements = []
        for name, article_id, found in places:
            if article_id not in known:
                known[article_id] = self._article(article_id)
            if (both := known[article_id]) and found.index < len(both[1]):
                statements.append(_statement(name, found, *both))
        return statements

    def _article(self, article_id: str) -> tuple[Article, Sequence[Sentence]] | None:
        try:
            return self._library.article(article_id), self._library.sentences(article_id)
        except UnknownArticle:  # removed since
            return None


def statements_of(library: Articles, article_ids: Set[str]) -> dict[str, tuple[Found, ...]]:
    """Who says what in some articles alone, each with the name that it has there; what is new of them is read."""
    found = library.derived(KIND, VERSION, _written, only=article_ids)
    return {one: _read(data) for one, data in found.made.values()}


def _statement(name: str, found: Found, article: Article, sentences: Sequence[Sentence]) -> Statement:
    return Statement(
        sentence=sentences[found.index],
        kind=found.kind,
        speaker=name,
        said_by=found.said_by,
        words=" … ".join(article.text[start:end] for start, end in found.words),
        words_start=found.words[0][0],
        words_end=found.words[-1][1],
        said_on=found.said_on,
        published=article.published,
        title=article.title,
        source=article.source,
        url=article.url,
    )


def _written(article: Article, sentences: Sequence[Sentence]) -> str:
    found = statements_in(article, sentences)
    no_orders = usable({sentences[one.index].text for one in found})
    kept = [list(asdict(one).values()) for one in found if no_orders[sentences[one.index].text]]
    return json.dumps(kept, ensure_ascii=False)


def _read(data: str) -> tuple[Found, ...]:
    return tuple(
        Found(index, kind, speaker, said_by, tuple((start, end) for start, end in words), said_on)
        for index, kind, speaker, said_by, words, said_on in json.loads(data)
    )
