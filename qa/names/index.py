"""The people, places, organisations and quantities of a library: read from each article once, and put together."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple

from onrecord.index import extras
from onrecord.index.errors import InputError, UnknownArticle
from onrecord.index.types import Article, Filter, Sentence
from onrecord.qa.judges.injection import usable
from onrecord.qa.names.joining import Places, folded, same_name
from onrecord.qa.names.reading import amounts_in, named_in
from onrecord.qa.names.tagger import EXTRA, available, tagged
from onrecord.qa.names.values import Found, Mention, NameEntry, NameKind
from onrecord.qa.people.kept import Articles, Kept

VERSION = 1
"""Raise it whenever the same article would give other names."""


def missing() -> str:
    """What names of people, places and organisations need, in a sentence; empty where it is installed."""
    return str(extras.missing(EXTRA) or "")


AT_ONCE = 4  # articles that are read for names while somebody waits


class Names:
    """Over one library; any thread may ask.

    Amounts are read by rules. The other kinds are read by a model that comes with ``onrecord[names]``, half a second
    for an article, so that it is done while nobody waits: what is ``left`` is in no list yet.

    >>> Names(library).entries("place")  # doctest: +SKIP
    """

    def __init__(self, library: Articles) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._amounts = Kept(library, "amounts", VERSION, _written(_amounts), _read)
        self._names = Kept(library, "names", VERSION, _written(_names), _read)
        self._entries: dict[tuple[NameKind, str], Places] = {}
        self._changed = False

    def refresh(
        self,
        most: int | None = None,
        stopped: Callable[[], bool] = lambda: False,
        *,
        kind: NameKind | None = None,
    ) -> int:
        """Reads what is new, of ``most`` articles at most and until ``stopped()``; returns how many are left.

        ``kind``: the one that is asked for; amounts need no model.
        """
        with self._lock:
            changed = self._amounts.refresh(stopped=stopped)
            if kind != "quantity" and available():
                changed = self._names.refresh(most, stopped) or changed
            self._changed = self._changed or changed
            return self.left

    @property
    def left(self) -> int:
        """Articles that are still to be read for names."""
        return self._names.left

    def lacks(self, kind: NameKind | None) -> tuple[str, ...]:
        """What a list of this kind does not show, in sentences for a person."""
        if kind == "quantity":
            return ()
        if needs := missing():
            return (f"People, places and organisations are not found without a model for names: {needs}",)
        left = self.left
        return (f"{left:,} article{'s are' if left != 1 else ' is'} still to be read for names.",) if left else ()

    def entries(self, kind: NameKind, where: Filter | None = None) -> tuple[NameEntry, ...]:
        """The names of one kind, those in most articles first. Nothing is read for it: call `refresh` before."""
        days = {one.id: one.published[:10] for one in self._library.articles(where)}
        every = [(name, places) for (one, name), places in self._joined().items() if one == kind]
        found = (self._entry(kind, name, [p for p in places if p[0] in days], days) for name, places in every)
        kept = (one for one in found if one is not None)
        return tuple(sorted(kept, key=lambda one: (-one.articles, -one.mentions, one.name)))

    def _entry(self, kind: NameKind, name: str, places: Places, days: Mapping[str, str]) -> NameEntry | None:
        if not places:
            return None
        when = sorted(filter(None, (days[one] for one, _ in places)))
        forms = Counter(form for _, found in places for form in found.others)
        count = sum(len(found.places) for _, found in places)
        names = tuple(form for form, _ in forms.most_common())
        first, last = (when[0], when[-1]) if when else ("", "")
        return NameEntry(name, kind, names, count, len({one for one, _ in places}), first, last)

    def sentences(self, name: str, kind: NameKind | None = None, where: Filter | None = None) -> tuple[Mention, ...]:
        """Every sentence that has the name, the latest article first; of any kind without one.

        Raises `InputError` for a name without letters or digits.
        """
        if not any(map(str.isalnum, name)):
            raise InputError("Which name? Give one, such as Lavrov, Geneva or 12%.")
        infos = {one.id: one for one in self._library.articles(where)}
        every = [(key, places) for key, places in self._joined().items() if kind in (None, key[0])]
        exact = [one for one in every if one[0][1] == name]
        meant = exact or [one for one in every if same_name(name, *one[0], _forms(one[1]))]
        found = [
            mention
            for key, places in meant
            for article_id, one in places
            if article_id in infos
            for mention in self._mentions(key, article_id, one)
        ]
        fine = usable({one.sentence.text for one in found})
        once = {(one.article_id, one.sentence.index): one for one in found if fine[one.sentence.text]}
        order = sorted(once.values(), key=lambda one: (one.article_id, one.sentence.index))
        return tuple(sorted(order, key=lambda one: one.published, reverse=True))

    def _mentions(self, key: tuple[NameKind, str], article_id: str, found: Found) -> Iterator[Mention]:
        try:
            article, sentences = self._library.article(article_id), self._library.sentences(article_id)
        except UnknownArticle:  # removed since
            return
        for index, start, end in found.places:
            if index < len(sentences):
                here = sentences[index]
                facts = (article.published, article.title, article.source, article.url)
                yield Mention(here, *key, start - here.start_char, end - here.start_char, *facts)

    def _joined(self) -> Mapping[tuple[NameKind, str], Places]:
        with self._lock:
            if self._changed:
                read = [*self._names.made.values(), *self._amounts.made.values()]
                self._entries = folded((one, found) for one, every in read for found in every)
                self._changed = False
            return self._entries


def _forms(places: Places) -> set[str]:
    return {form for _, found in places for form in found.others}


def _names(article: Article, sentences: Sequence[Sentence]) -> list[Found]:
    if article.language[:2] not in ("en", ""):
        return []
    return named_in(article, sentences, tagged(article.text, sentences))


def _amounts(article: Article, sentences: Sequence[Sentence]) -> list[Found]:
    return amounts_in(sentences) if article.language[:2] in ("en", "") else []


def _written(
    find: Callable[[Article, Sequence[Sentence]], list[Found]],
) -> Callable[[Article, Sequence[Sentence]], str]:
    def made(article: Article, sentences: Sequence[Sentence]) -> str:
        return json.dumps([astuple(one) for one in find(article, sentences)], ensure_ascii=False)

    return made


def _read(data: str) -> tuple[Found, ...]:
    return tuple(
        Found(kind, name, tuple(others), tuple((index, start, end) for index, start, end in places))
        for kind, name, others, places in json.loads(data)
    )
