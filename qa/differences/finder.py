"""Which sentences of a collection's articles do not agree: each article is compared once, when it has arrived.

An article's passages are put beside the nearest ones of others that were published within some weeks, their sentences
are judged two by two, and what differs is kept beside the articles. What an arrival costs is one search for each of its
passages, whatever was compared before.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import cast

from onrecord.index import Article, ArticleInfo, Filter, InputError, Library, UnknownArticle
from onrecord.index.store.pair_notes import Pair, Place
from onrecord.index.text.quantities import quantities
from onrecord.index.text.words import words_of
from onrecord.index.types import Sentence, day_of
from onrecord.qa.differences.values import Difference, Relation, Side
from onrecord.qa.judges.differs import (
    DifferenceJudge,
    ExactJudge,
    Finding,
    Kind,
    Statement,
    counted_noun,
    same_number,
)
from onrecord.qa.judges.injection import usable
from onrecord.qa.people.index import statements_of
from onrecord.qa.people.statements import Found

DAYS_APART = 31  # articles published further apart tell of other events, or of how things went on
NEAREST, NEAR = 24, 0.45  # passages looked at for each passage, and how near they must be, as a cosine
WORDS = 60  # of a sentence, beyond which it is a list
AT_ONCE = 40  # articles compared while somebody waits, a few seconds
VERSION = "1"  # of how articles are compared: all are compared anew by another one
_CORRECTS = re.compile(
    r"\b(?:correct(?:ed|ion|s)|revised|initially|previously (?:said|reported)"
    r"|earlier (?:report|count|toll|figure|estimate)s?)\b",
    re.IGNORECASE,
)
_ORDER: tuple[Relation, ...] = ("disagree", "corrects", "later")


class Differences:
    """Of one library. Safe to use from several threads; one of them compares, the others wait."""

    def __init__(self, library: Library, judge: DifferenceJudge | None = None) -> None:
        self._library = library
        self._judge = judge or ExactJudge()
        self._comparing = threading.Lock()

    def refresh(
        self,
        *,
        most: int | None = None,
        on_progress: Callable[[float, int], None] | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> int:
        """Compares articles that arrived since the last time, ``most`` of them; returns how many are left."""
        with self._comparing:
            pairs = self._library.pairs
            pairs.made_by(VERSION)
            pending = pairs.pending()
            now = pending[:most]
            for done, (number, article_id) in enumerate(now):
                if stopped():
                    return len(pending) - done
                with suppress(UnknownArticle), pairs.turn(number) as due:  # unknown: removed meanwhile
                    if due:
                        pairs.keep(number, list(self._compare(self._library.article(article_id))))
                if on_progress:
                    on_progress(done + 1, len(now))
            return len(pending) - len(now)

    def shown(self, scope: Filter | None = None) -> tuple[Difference, ...]:
        """What was found between articles of the selection: what disagrees first, then the newest.

        A sentence stands in one of them at most: copies, and reports that count on, are shown once.
        """
        infos = {info.id: info for info in self._library.articles(scope)}
        pairs = [pair for pair in self._library.pairs.pairs() if _of(pair) <= infos.keys()]
        said = statements_of(self._library, {one for pair in pairs for one in _of(pair)})
        found = [_difference(pair, infos, said) for pair in pairs]
        found.sort(key=lambda one: one.sides[1].published, reverse=True)
        found.sort(key=lambda one: _ORDER.index(one.relation))
        seen: set[str] = set()
        kept = []
        for one in found:
            texts = {side.sentence.text for side in one.sides}
            if not texts & seen:
                seen |= texts
                kept.append(one)
        return tuple(kept)

    def dismiss(self, difference_id: str) -> None:
        """It is none, and is shown no more; raises `InputError` for an id that is unknown."""
        if not self._library.pairs.dismiss(difference_id):
            raise InputError(f"No difference has the id {difference_id!r}; list them again.")

    def _compare(self, article: Article) -> Iterator[Pair]:
        copies = {article.id, *self._library.copies(article.id)}
        seen: set[tuple[str, int, int]] = set()
        near = self._library.related(article.id, top_k=NEAREST, least=NEAR, where=_around(article.published))
        for mine, theirs in near:
            if theirs.article_id in copies:
                continue
            other = self._library.article(theirs.article_id)
            if other.language != "en" or article.language != "en":
                continue
            for one in filter(_readable, mine.sentences):
                for two in filter(_readable, theirs.sentences):
                    key = (two.article_id, one.index, two.index)
                    if key in seen or one.text == two.text:
                        continue
                    seen.add(key)
                    finding = self._judge.differs(_statement(one, article), _statement(two, other))
                    if finding and not self._known(finding, one, two) and all(usable((one.text, two.text)).values()):
                        yield Pair(finding.kind, Place(one, *finding.one), Place(two, *finding.other))

    def _known(self, finding: Finding, one: Sentence, other: Sentence) -> bool:
        """Whether one of the articles states what the other one does: it then tells of both, and of why."""
        if finding.kind == "denial":
            return any(self._denies_itself(sentence) for sentence in (one, other))
        if finding.kind != "number":
            return False
        return self._states(one.article_id, other, finding.other) or self._states(other.article_id, one, finding.one)

    def _denies_itself(self, sentence: Sentence) -> bool:
        article = self._library.article(sentence.article_id)
        mine = _statement(sentence, article)
        found = (self._judge.differs(mine, _statement(one, article)) for one in self._library.sentences(article.id))
        return any(one is not None and one.kind == "denial" for one in found)

    def _states(self, article_id: str, sentence: Sentence, span: tuple[int, int]) -> bool:
        words = words_of(sentence.text)
        number = next((q for q in words.quantities if (q.start, q.end) == span), None)
        if number is None:
            return False
        noun = counted_noun(words, number)
        return any(
            same_number(number, q) and counted_noun(words_of(each.text), q) == noun
            for each in self._library.sentences(article_id)
            for q in quantities(each.text)
        )


def _around(published: str) -> Filter | None:
    """The articles that may report on the same; one without a date is compared with all."""
    day = day_of(published)
    if day is None:
        return None
    apart = timedelta(DAYS_APART)
    return Filter(published_from=(day - apart).isoformat(), published_to=(day + apart).isoformat())


def _readable(sentence: Sentence) -> bool:
    return 4 <= len(sentence.text.split()) <= WORDS


def _statement(sentence: Sentence, article: Article) -> Statement:
    return Statement(sentence.text, article.title, article.published)


def _of(pair: Pair) -> set[str]:
    return {place.sentence.article_id for place in (pair.one, pair.other)}


def _difference(pair: Pair, infos: dict[str, ArticleInfo], said: Mapping[str, Sequence[Found]]) -> Difference:
    sides = [_side(place, infos, said) for place in (pair.one, pair.other)]
    sides.sort(key=lambda side: (not side.published, side.published, side.sentence.article_id))
    earlier, later = sides
    relation: Relation = "disagree"
    if earlier.published and earlier.published[:10] != later.published[:10]:
        relation = "corrects" if _CORRECTS.search(later.sentence.text) else "later"
    return Difference(pair.id, cast(Kind, pair.kind), relation, (earlier, later))


def _side(place: Place, infos: dict[str, ArticleInfo], said: Mapping[str, Sequence[Found]]) -> Side:
    sentence, info = place.sentence, infos[place.sentence.article_id]
    start, end = sentence.start_char + place.start, sentence.start_char + place.end
    here = (found for found in said.get(info.id, ()) if found.index == sentence.index)
    named = (one.speaker for one in here if any(first < end and start < last for first, last in one.words))
    speaker = next(filter(None, named), "")
    return Side(sentence, info.title, info.source, info.published, info.url, place.start, place.end, speaker)
