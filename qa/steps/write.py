"""What the model drafts -> sentences that stand, each with the citations that bear it out.

The draft's own markers are a hint. A drafted sentence is aligned to evidence and verified; where nothing of the draft
stands, the evidence sentence that the draft leaned on is quoted instead, which needs no verifying.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from onrecord.index.text.quantities import share_quantity
from onrecord.index.text.words import plain, stem, words_of
from onrecord.qa.engines.base import Engine, Messages
from onrecord.qa.judges.injection import stated
from onrecord.qa.judges.verify import Verifier, verdict, why_not
from onrecord.qa.steps.choose import leans_back
from onrecord.qa.steps.cite import Marked, SentenceStream, align
from onrecord.qa.steps.question_type import counted, given
from onrecord.qa.types import AnswerSentence, Citation, Evidence

# What a draft cites must hold the first share of the question's words. A sentence that is quoted in place of a draft
# must hold so much of the draft's answer, of the question too, and of both together the second. Whether it answers is
# then read from that sentence alone, so these may be low.
LEAST, TOGETHER = 0.2, 0.6
YES_OR_NO = frozenset({"yes", "no"})
ANYBODY = frozenset(stem(word) for word in "people persons individuals humans lives victims casualties deaths".split())


def drafted(engine: Engine, prompt: Messages, *, max_tokens: int) -> Iterator[Marked | None]:
    """The sentences of the model's draft as they are finished: (text, numbers of its markers); None between two.

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
            yield None  # a place to stop, at each piece
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
    aligned = _main_first(text, aligned)
    aligned = with_antecedents(text, aligned, evidence)
    if "alleged" in why_not(text, [item.sentence.text for item in aligned]):
        # The article attributes what the draft states as fact: let the article speak.
        return quoted(aligned[0], numbering)
    judged = verdict(
        verifier.verify(text, [item.sentence.text for item in aligned], context=surroundings(aligned, evidence))
    )
    if judged == "unsupported":
        return AnswerSentence(text, (), "unsupported")
    return AnswerSentence(text, numbering.cite(aligned), judged)


def _main_first(text: str, aligned: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What holds the draft's number comes first, then what shares most of its words."""
    claim = words_of(text)

    def worth(item: Evidence) -> tuple[bool, int]:
        words = words_of(item.sentence.text)
        return share_quantity(claim.quantities, words.quantities), len(claim.content & words.stems)

    return tuple(sorted(aligned, key=worth, reverse=True))


def with_antecedents(text: str, aligned: tuple[Evidence, ...], evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence that opens with "He" does not say who: where the draft names him, the sentence that does is added."""
    named = {stem for name in words_of(text).names for stem in name}
    missing = named - {stem for item in aligned for stem in words_of(item.sentence.text).stems}
    added = []
    for item in aligned:
        if not missing or not leans_back(item.sentence.text):
            continue
        before = [
            e
            for e in evidence
            if e.sentence.article_id == item.sentence.article_id
            and item.sentence.index - 2 <= e.sentence.index < item.sentence.index
            and missing & words_of(e.sentence.text).stems
        ]
        if before:
            added.append(max(before, key=lambda e: e.sentence.index))
            missing -= words_of(added[-1].sentence.text).stems
    return (*aligned, *(item for item in added if item not in aligned))


def surroundings(aligned: Sequence[Evidence], evidence: Sequence[Evidence]) -> list[str]:
    """What names and dates may come from: titles, sources, dates, and the sentences just before in the same article."""
    facts = [
        fact for item in aligned for fact in (stated(item.title), stated(item.source), item.published[:10]) if fact
    ]
    near = {(item.sentence.article_id, item.sentence.index - step) for item in aligned for step in (1, 2)}
    return facts + [e.sentence.text for e in evidence if (e.sentence.article_id, e.sentence.index) in near]


def quoted(item: Evidence, numbering: Numbering) -> AnswerSentence:
    """An evidence sentence as a sentence of the answer, word for word."""
    return AnswerSentence(item.sentence.text, numbering.cite([item]), "supported")


def leaned_on(question: str, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """The evidence that a failed draft most likely drew its answer from; None where none is about both.

    What counts is what the draft adds to the question, its answer: a sentence that holds none of it is not what was
    meant, and one that holds little of the question is about something else. "Yes" adds nothing that could be held.
    """
    asked, said = words_of(question).content, words_of(text).content
    answer = said - given(question) - YES_OR_NO
    best, most = None, 0.0
    for item in evidence:
        stems = words_of(item.sentence.text).stems | words_of(stated(item.title)).stems
        told = len(answer & words_of(item.sentence.text).stems) / len(answer) if answer else LEAST
        about = len(asked & stems) / max(1, len(asked))
        near = min(told, about) >= LEAST and told + about >= TOGETHER
        if near and told + about > most:
            best, most = item, told + about
    return best


def with_lead_in(item: Evidence, evidence: Sequence[Evidence]) -> str:
    """The sentence, behind the one before it where that is among the evidence too."""
    key = (item.sentence.article_id, item.sentence.index - 1)
    before = [e.sentence.text for e in evidence if (e.sentence.article_id, e.sentence.index) == key]
    return " ".join([*before, item.sentence.text])


def held(question: str, sentence: AnswerSentence) -> bool:
    """Whether a sentence's sources hold something of the question, and something of what it adds to it, its answer.

    Overlap with the question's own words alone is no support: "SpaceX launched six tourists" shares all but the answer
    with a sentence about Blue Origin. Nor is the answer alone: a name, copied, is found in sentences about anything.
    """
    claim, asked = words_of(sentence.text), words_of(question).content
    answer = claim.content - given(question)
    cited = [words_of(f"{stated(citation.title)}. {citation.quote}") for citation in sentence.citations]
    about = asked & frozenset().union(*(words.stems for words in cited))
    if len(about) < LEAST * len(asked):
        return False
    counts = [q for words in cited for q in words.quantities]
    return not answer or any(answer & words.stems for words in cited) or share_quantity(claim.quantities, counts)


def counts_another(question: str, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """Evidence that counts what the question counts, where the draft counts another thing ("fighters").

    A question about people is answered by whoever they were: civilians, soldiers.
    """
    noun, said = counted(question), words_of(text)
    named = any(token.content and token.text[0].isalpha() for token in said.tokens)  # "5,000." counts nothing else
    if not noun or noun in ANYBODY | said.stems or not said.quantities or not named:
        return None
    holding = [e for e in evidence if noun in words_of(e.sentence.text).stems and words_of(e.sentence.text).quantities]
    return max(holding, key=lambda e: e.score, default=None)


def repeats(text: str, earlier: Sequence[AnswerSentence]) -> bool:
    """Whether a sentence says nothing that an earlier one did not."""
    return any(plain(text) in plain(sentence.text) for sentence in earlier)
