"""What the model drafts -> sentences that stand, each with the citations that bear it out.

The draft's own markers are a hint. A drafted sentence is aligned to evidence and verified; where nothing of the draft
stands, the evidence sentence that the draft leaned on is quoted instead, which needs no verifying.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from onrecord.qa.cite import Marked, SentenceStream, align
from onrecord.qa.engines import Engine, Messages
from onrecord.qa.types import AnswerSentence, Citation, Evidence
from onrecord.qa.verify import Verifier, verdict
from onrecord.qa.words import plain, words_of


def drafted(engine: Engine, prompt: Messages, *, max_tokens: int) -> Iterator[Marked]:
    """The sentences of the model's draft as they are finished: (text, numbers of its markers).

    Closing this iterator stops the model. A last sentence that the token limit cut off is kept only when it is the
    only one.
    """
    stream = SentenceStream()
    pieces = engine.generate(prompt, max_tokens=max_tokens)
    written = 0
    count = 0
    try:
        for piece in pieces:
            count += 1
            for marked in stream.feed(piece):
                written += 1
                yield marked
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    for marked in stream.close():
        cut_off = count >= max_tokens - 1 and not marked[0].rstrip("”\"')").endswith((".", "!", "?", "…"))
        if not (cut_off and written):
            written += 1
            yield marked


@dataclass
class Numbering:
    """Gives each cited sentence its number in the answer, in the order of first use."""

    given: dict[tuple[str, int], Citation] = field(default_factory=dict)

    def cite(self, evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
        """The evidence as citations, ordered by number."""
        for item in evidence:
            key = (item.sentence.article_id, item.sentence.index)
            if key not in self.given:
                self.given[key] = item.cite(len(self.given) + 1)
        cited = [self.given[(item.sentence.article_id, item.sentence.index)] for item in evidence]
        return tuple(sorted(cited, key=lambda citation: citation.number))


def stand(
    text: str, markers: Sequence[int], evidence: Sequence[Evidence], verifier: Verifier, numbering: Numbering
) -> AnswerSentence:
    """One drafted sentence with its verdict and, unless unsupported, its citations."""
    aligned = align(text, evidence, suggested=markers)
    if not aligned:
        return AnswerSentence(text, (), "unsupported")
    context = [fact for item in aligned for fact in (item.title, item.source, item.published[:10]) if fact]
    judged = verdict(verifier.verify(text, [item.sentence.text for item in aligned], context=context))
    if judged == "unsupported":
        return AnswerSentence(text, (), "unsupported")
    return AnswerSentence(text, numbering.cite(aligned), judged)


def quoted(item: Evidence, numbering: Numbering) -> AnswerSentence:
    """An evidence sentence as a sentence of the answer, word for word."""
    return AnswerSentence(item.sentence.text, numbering.cite([item]), "supported")


def leaned_on(text: str, markers: Sequence[int], evidence: Sequence[Evidence]) -> Evidence | None:
    """The evidence that a failed draft most likely drew on: most shared words, then its first valid marker."""
    by_number = {item.number: item for item in evidence}
    named = [by_number[number] for number in markers if number in by_number]
    draft = words_of(text).content
    best = max(evidence, key=lambda item: len(draft & words_of(item.sentence.text).content), default=None)
    if best is not None and len(draft & words_of(best.sentence.text).content) >= 2:
        return best
    return named[0] if named else None


def repeats(text: str, earlier: Sequence[AnswerSentence]) -> bool:
    """Whether a sentence says nothing that an earlier one did not."""
    return any(plain(text) in plain(sentence.text) for sentence in earlier)
