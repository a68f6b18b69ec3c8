"""A question -> the passages and the numbered sentences that may answer it, out of one library."""

import math
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TypeVar

from onrecord.index import Filter, Hit, Library, Sentence, StoreError, UnknownArticle
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.pieces import estimate_tokens
from onrecord.qa.judges.injection import among, orders_in
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps import choose as choosing
from onrecord.qa.steps.answer_run import Draft
from onrecord.qa.steps.check import text_signals
from onrecord.qa.steps.recency import preference
from onrecord.qa.types import Evidence

DEEPER = 2  # times as many passages are searched as are read, for those whose date suits the question
LEFT_OUT = "Sentences that give orders to whoever answers, instead of reporting, were left out."
LOOKS = 10  # times that evidence is looked for, when each time an article of it was removed meanwhile
AROUND = 400  # tokens of a prompt that are neither evidence, question nor answer

Looked = TypeVar("Looked")


class Finder:
    """Finds evidence in one library, for whichever model will read it. Safe to call from several threads."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._vectors: choosing.SentenceVectors | None = None
        self._seen: tuple[int, frozenset[str], str] = (-1, frozenset({"en"}), "")

    def find(self, draft: Draft, scope: Filter | None, *, settings: AnswerSettings, engine: Engine | None) -> None:
        """Fills the draft's hits, evidence and nearness. ``engine`` counts tokens; without one they are estimated."""
        said = len(draft.warnings)

        def look() -> None:
            del draft.warnings[said:]
            self._find(draft, scope, settings=settings, engine=engine)

        _settled(look)

    def _find(self, draft: Draft, scope: Filter | None, *, settings: AnswerSettings, engine: Engine | None) -> None:
        with draft.timed("retrieve"):
            draft.vector = self.library.embedder.embed_query(draft.standalone)
            timely = self._timely(draft.standalone)
            deep = settings.top_k * (DEEPER if timely else 1)
            hits = self.library.search(draft.standalone, top_k=deep, where=scope, query_vector=draft.vector)
            if timely:
                hits = choosing.timely_first(hits, timely, top_k=settings.top_k)
        with draft.timed("evidence"):
            evidence, draft.nearness = self.evidence(draft, hits, settings=settings, engine=engine)
        draft.found(hits, evidence)

    def articles(self, question: str, scope: Filter | None, *, top_k: int) -> list[str]:
        """The articles of the best ``top_k`` passages, best first; copies of one story count once."""
        return _settled(lambda: self._articles(question, scope, top_k=top_k))

    def _articles(self, question: str, scope: Filter | None, *, top_k: int) -> list[str]:
        found: list[str] = []
        hits = self.library.search(question, top_k=top_k, where=scope)
        for article_id in dict.fromkeys(hit.passage.article_id for hit in hits):
            if not set(self.library.copies(article_id)) & set(found):
                found.append(article_id)
        return found

    def evidence(
        self, draft: Draft, hits: Sequence[Hit], *, settings: AnswerSettings, engine: Engine | None
    ) -> tuple[tuple[Evidence, ...], float]:
        """The sentences to show, and the highest cosine of one of them with the question."""
        orders = orders_in(hits, self.orders_among)
        if orders:
            draft.warnings.append(LEFT_OUT)
        ranked = choosing.candidates(
            draft.standalone,
            hits,
            query_vector=draft.vector,
            embed=self.embed,
            rarity=self.rarity,
            timely=self._timely(draft.standalone) or (lambda article_id: 0.0),
            left_out=orders,
        )
        copies = self.library.copies
        found = {hit.passage.article_id for hit in hits}  # a copy that was not asked stands for none that was
        kept = choosing.choose(
            ranked,
            before=lambda sentence: (
                None if (sentence.article_id, sentence.index - 1) in orders else self.before(sentence)
            ),
            count_tokens=engine.count_tokens if engine else estimate_tokens,
            max_tokens=budget(draft, settings, engine),
            max_sentences=settings.evidence_sentences,
            representative=lambda article_id: min(found & {article_id, *copies(article_id)}, key=self._age),
        )
        return choosing.numbered(kept, self.library.article, copies), self.nearest(draft, [c.sentence for c in kept])

    def signals(self, question: str, evidence: Sequence[Evidence], nearness: float) -> dict[str, float]:
        """What tells whether the evidence answers the question, as far as words do."""
        return text_signals(
            question,
            evidence,
            nearness=nearness,
            rarity=self.rarity,
            known=self.library.contains_term,
            passages=self.library.passage_count,
        )

    def nearest(self, draft: Draft, sentences: Sequence[Sentence]) -> float:
        """The highest cosine of one of the sentences with the question; 0 where there are none."""
        return float(max(self.embed(sentences) @ draft.vector)) if sentences else 0.0

    def nearest_anywhere(self, draft: Draft) -> float:
        """The same over the best passages of the whole library, whatever filter the question was asked with."""
        hits = self.library.search(draft.standalone, top_k=3, query_vector=draft.vector)
        return self.nearest(draft, [sentence for hit in hits for sentence in hit.passage.sentences])

    @property
    def embed(self) -> choosing.SentenceVectors:
        """Embeds sentences; those of late are remembered."""
        if self._vectors is None:
            self._vectors = choosing.SentenceVectors(self.library.embedder)
        return self._vectors

    def orders_among(self, texts: Collection[str]) -> frozenset[str]:
        """Those of the texts that give orders to whoever answers."""
        return among(self.library.embedder, self.embed.texts)(texts)

    @property
    def languages(self) -> frozenset[str]:
        """The languages of the library's articles."""
        return self._collection()[0]

    def rarity(self, word: str) -> float:
        """Inverse document frequency of a word over the library's passages: ln(1 + N / (1 + n))."""
        count = self.library.passage_count
        return math.log(1.0 + count / (1.0 + self.library.document_frequency(word)))

    def before(self, sentence: Sentence) -> Sentence | None:
        """The sentence before this one, unless it gives orders."""
        if not sentence.index:
            return None
        sentences = self.library.sentences(sentence.article_id)
        if len(sentences) <= sentence.index:  # the article was replaced by a shorter one since the search
            return None
        previous = sentences[sentence.index - 1]
        return None if self.orders_among([previous.text]) else previous

    def _collection(self) -> tuple[frozenset[str], str]:
        """The languages of the library's articles and its latest date, remembered until it changes."""
        revision = self.library.revision
        if self._seen[0] != revision:
            articles = self.library.articles()
            languages = frozenset(info.language for info in articles) or frozenset({"en"})
            self._seen = (revision, languages, max((info.published for info in articles), default=""))
        return self._seen[1:]

    def _timely(self, question: str) -> Callable[[str], float] | None:
        """How well an article's date suits the question, 0 to 1, by article id; None where it asks for no time."""
        suits = preference(question, self._collection()[1])
        return None if suits is None else lambda article_id: suits(self._published(article_id))

    def _published(self, article_id: str) -> str:
        return self.library.article(article_id).published

    def _age(self, article_id: str) -> tuple[bool, str, str]:
        published = self._published(article_id)
        return not published, published, article_id


def _settled(look: Callable[[], Looked]) -> Looked:
    """What ``look`` finds. An article that is removed between the search and a look into it is not found the next time.

    Raises `StoreError` when articles are removed faster than that.
    """
    for _ in range(LOOKS):
        with suppress(UnknownArticle):
            return look()
    raise StoreError("Articles are being removed faster than they can be read; ask again when that is done.")


def budget(draft: Draft, settings: AnswerSettings, engine: Engine | None) -> int:
    """Tokens for evidence: as set, or what the model's context leaves, with a warning when that is less."""
    if engine is None:
        return settings.evidence_tokens
    size = engine.context_tokens
    room = size - engine.count_tokens(draft.standalone) - settings.max_answer_tokens - AROUND
    if room < settings.evidence_tokens:
        draft.warnings.append(f"The model reads {size} tokens at once, so it was shown less evidence than set.")
    return max(40, min(room, settings.evidence_tokens))
