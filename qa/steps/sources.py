"""What the steps look up in one library, and what is remembered of it between questions."""

import math
from collections.abc import Callable, Collection, Sequence, Set
from copy import copy
from functools import cache

import numpy as np

from onrecord.index import Library, Sentence, Vectors
from onrecord.qa.judges.injection import gives_orders
from onrecord.qa.steps.antecedents import Antecedent, antecedents
from onrecord.qa.steps.recency import AskedTime, asked_time, preference


class Sources:
    """One library as the steps see it. Safe to use from several threads."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.article, self.sentences, self.copies = library.article, library.sentences, library.copies
        self.embed = SentenceVectors(library)
        self._collection = Collected(library)

    def read_once(self) -> "Sources":
        """The same for one search: of each article that is looked into, everything is read once and remembered."""
        once = copy(self)
        once.article, once.sentences, once.copies = cache(self.article), cache(self.sentences), cache(self.copies)
        return once

    @property
    def languages(self) -> frozenset[str]:
        """The languages of the library's articles."""
        return self._collection()[0]

    def nearest(self, vector: Vectors, sentences: Sequence[Sentence]) -> float:
        """The highest cosine of one of the sentences with the question's ``vector``; 0 where there are none."""
        return float(max(self.embed(sentences) @ vector)) if sentences else 0.0

    def nearest_anywhere(self, question: str, vector: Vectors) -> float:
        """The same over the best passages of the whole library, whatever filter the question was asked with."""
        hits = self.library.search(question, top_k=3, query_vector=vector)
        return self.nearest(vector, [sentence for hit in hits for sentence in hit.passage.sentences])

    def rarity(self, words: Sequence[str]) -> list[float]:
        """Inverse document frequency of each word over the library's passages: ln(1 + N / (1 + n))."""
        count = self.library.passage_count
        return [math.log(1.0 + count / (1.0 + self.library.document_frequency(word))) for word in words]

    def before(self, sentence: Sentence) -> Sentence | None:
        """The sentence before this one, unless it gives orders."""
        if not sentence.index:
            return None
        sentences = self.sentences(sentence.article_id)
        if len(sentences) <= sentence.index:  # the article was replaced by a shorter one since the search
            return None
        previous = sentences[sentence.index - 1]
        return None if gives_orders(previous.text) else previous

    def lead_ins(self, sentences: Sequence[Sentence]) -> list[str]:
        """The text of the sentence before each of these, "" where there is none."""
        found = []
        for sentence in sentences:
            own = self.sentences(sentence.article_id) if sentence.index else ()
            found.append(own[sentence.index - 1].text if 0 < sentence.index <= len(own) else "")
        return found

    def antecedents(self, sentences: Sequence[Sentence]) -> list[Antecedent | None]:
        """Who the "he" or "she" of each sentence is; None where it has none and where its article leaves that open."""
        return antecedents(sentences, self.article, self.sentences)

    def timely(self, question: str) -> Callable[[Collection[str]], dict[str, float]] | None:
        """How well the dates of articles suit the question, 0 to 1, by article id; None where it asks for no time."""
        suits = preference(question, self._collection()[1])
        return None if suits is None else lambda ids: {one: suits(self.published(one)) for one in ids}

    def time_of(self, question: str) -> AskedTime | None:
        """The relative time that a question asks for, in days; None where it asks for none."""
        return asked_time(question, self._collection()[1])

    def published(self, article_id: str) -> str:
        """The day of an article; raises `UnknownArticle`."""
        return self.article(article_id).published

    def without_copies(self, article_ids: Collection[str], among: Set[str]) -> set[str]:
        """The articles but copies of one that is ``among`` those found and was published before."""
        alike = {one: among & {one, *self.copies(one)} for one in article_ids}
        return {one for one, copies in alike.items() if self._oldest(copies) == one}

    def _oldest(self, article_ids: Collection[str]) -> str:
        """The id of the article that was published first; undated ones last."""
        dated = {article_id: self.published(article_id) for article_id in article_ids}
        return min(dated, key=lambda article_id: (not dated[article_id], dated[article_id], article_id))


class Collected:
    """The languages of a library's articles and their latest date, remembered until it changes."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._seen: tuple[int, frozenset[str], str] = (-1, frozenset({"en"}), "")

    def __call__(self) -> tuple[frozenset[str], str]:
        revision = self._library.revision
        if self._seen[0] != revision:
            latest = self._library.languages()
            self._seen = (revision, frozenset(latest) or frozenset({"en"}), max(latest.values(), default=""))
        return self._seen[1:]


class SentenceVectors:
    """Embeds sentences, remembering the most recent ones: follow-ups ask about the same passages."""

    def __init__(self, library: Library, *, keep: int = 20_000) -> None:
        self._library = library
        self._keep = keep
        self._known: dict[str, Vectors] = {}

    def __call__(self, sentences: Sequence[Sentence]) -> Vectors:
        """Unit vectors of shape ``(len(sentences), dimension)``."""
        texts = [sentence.text for sentence in sentences]
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            if len(self._known) + len(new) > self._keep:
                self._known.clear()
                new = list(dict.fromkeys(texts))
            self._known.update(zip(new, self._library.embedder.embed_passages(new), strict=True))
        return np.stack([self._known[text] for text in texts])
