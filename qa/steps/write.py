"""Evidence that answers -> the sentences of the answer, each with the citations that bear it out.

`ModelWriter` lets the model draft. A drafted sentence is aligned to evidence and verified; where nothing of the draft
is supported, the evidence sentence that the draft most likely drew on is quoted instead, which needs no verifying.
`QuoteWriter` quotes the best evidence.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from onrecord.index.text.quantities import share_quantity
from onrecord.index.text.words import plain, stem, words_of
from onrecord.qa.engines.base import Messages
from onrecord.qa.judges.injection import stated
from onrecord.qa.judges.verify import Verifier, question_messages, verdict, why_not
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps import prompts
from onrecord.qa.steps.check import not_stated_share
from onrecord.qa.steps.choose import leans_back
from onrecord.qa.steps.cite import Marked, SentenceStream, align
from onrecord.qa.steps.question_type import counted, question_stems
from onrecord.qa.steps.trace import Model, Trace
from onrecord.qa.steps.values import Checked, Found, Part, Written
from onrecord.qa.types import AnswerSentence, Citation, Event, Evidence, SentenceDone, Writing

QUOTES_ENOUGH = 0.93  # without a model: a second sentence is quoted when its score is at least this share of the best
# A draft that fails is itself a reason to doubt. A quote takes its place when answerability times the
# probability that the quote answers when it is read alone is at least this. On four dev suites (394 questions) such
# quotes are right, or of an answerable question, 63 of 84 times; with a bound of .6 on each of the two 51 of 67.
STANDS_IN = 0.3
# Of drafts that the features find partly supported, squad2-dev and realtimeqa-dev (100 and 97 questions): at least this
# likely to be all in the cited text, by the model's yes or no, were 15 of 16 right ones and 5 of 12 others.
SAYS_SO = 0.62
TASKS = {"phrase": prompts.PHRASE, "sentence": prompts.SENTENCE, "detailed": prompts.DETAILED}
# What a draft cites must hold the first share of the question's words. A sentence that is quoted in place of a draft
# must hold so much of the draft's answer, of the question too, and of both together the second. Whether it answers is
# then read from that sentence alone, so these may be low.
MIN_OVERLAP, MIN_TOTAL = 0.2, 0.6
YES_OR_NO = frozenset({"yes", "no"})
ANYBODY = frozenset(stem(word) for word in "people persons individuals humans lives victims casualties deaths".split())


@dataclass(frozen=True, slots=True)
class QuoteWriter:
    """Answers with the best sentences of the evidence themselves."""

    def write(
        self, part: Part, found: Found, checked: Checked, cited: Sequence[Citation], trace: Trace
    ) -> Generator[Event, None, Written]:
        """Yields each sentence as it is done; ``cited``: what the answer cites already, whose numbers go on."""
        ranked = sorted(found.evidence, key=lambda item: -item.score)
        sentences: list[AnswerSentence] = []
        for item in ranked[:2]:
            if item.score >= QUOTES_ENOUGH * ranked[0].score:
                sentences.append(numbered(quoted(item), citations_of(sentences, cited)))
                yield SentenceDone(sentences[-1])
        return Written(tuple(sentences))


@dataclass(frozen=True, slots=True)
class ModelWriter:
    """Answers with sentences that the model drafts, those that their sources cover."""

    model: Model
    verifier: Verifier
    settings: AnswerSettings

    def write(
        self, part: Part, found: Found, checked: Checked, cited: Sequence[Citation], trace: Trace
    ) -> Generator[Event, None, Written]:
        """Yields each sentence as it is done; ``cited``: what the answer cites already, whose numbers go on."""
        with trace.timed("write"):
            return (yield from self._write(part, found, checked, cited, trace))

    def _write(
        self, part: Part, found: Found, checked: Checked, cited: Sequence[Citation], trace: Trace
    ) -> Generator[Event, None, Written]:
        prompt = prompts.messages(prompts.head(part.text, found.evidence), TASKS[self.settings.length])
        sentences: list[AnswerSentence] = []
        unconfirmed: list[AnswerSentence] = []
        likely: Evidence | None = None
        drafts = drafted(self.model, prompt, max_tokens=self.settings.max_answer_tokens)
        for piece, marked in enumerate(drafts):
            if not piece:
                trace.reached("to_first_token")
            if marked is None:
                yield Writing()
                continue
            text, markers = marked
            if repeats(text, sentences):
                continue
            other = counts_another(part.text, text, found.evidence)
            if other is not None:
                likely = likely or other
                unconfirmed.append(AnswerSentence(text, (), "unsupported"))
                continue
            done = cite_and_verify(text, markers, found.evidence, self.verifier)
            done = numbered(done, citations_of(sentences, cited))
            if self._supported(part.text, done):
                sentences.append(done)
            else:
                done = AnswerSentence(text, (), "unsupported")
                unconfirmed.append(done)
                likely = likely or likely_source(part.text, text, found.evidence)
            yield SentenceDone(done)
        if not sentences and likely is not None and self._answers(part.text, likely, found.evidence, checked):
            sentences.append(numbered(quoted(likely), cited))
            yield SentenceDone(sentences[-1])
        return Written(tuple(sentences), tuple(unconfirmed))

    def _supported(self, question: str, sentence: AnswerSentence) -> bool:
        """Whether a sentence may be shown; one that is partly supported only if the model finds it in its sources."""
        if sentence.verdict == "unsupported" or not sources_cover_answer(question, sentence):
            return False
        if sentence.verdict == "supported":
            return True
        asked = question_messages(sentence.text, [citation.quote for citation in sentence.citations])
        said_yes = self.model.yes_probability(asked)
        return said_yes is None or said_yes >= SAYS_SO

    def _answers(self, question: str, item: Evidence, evidence: Sequence[Evidence], checked: Checked) -> bool:
        """Whether a sentence may be quoted in place of a failed draft: it has to answer when it is read on its own."""
        answered = 1.0 if checked.answerability is None else checked.answerability
        if answered < STANDS_IN:
            return False
        head = prompts.text_head(question, with_lead_in(item, evidence))
        silence = not_stated_share(self.model.first_tokens(prompts.messages(head, prompts.SHORT_OR_NOT)))
        return answered * (1.0 - (silence or 0.0)) >= STANDS_IN


def drafted(model: Model, prompt: Messages, *, max_tokens: int) -> Iterator[Marked | None]:
    """The sentences of the model's draft as they are finished: (text, numbers of its markers); None between two.

    Closing this iterator stops the model. A last sentence that the token limit cut off is kept only when it is the
    only one.
    """
    stream = SentenceStream()
    pieces = model.generate(prompt, max_tokens=max_tokens)
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


def cite_and_verify(
    text: str, markers: Sequence[int], evidence: Sequence[Evidence], verifier: Verifier
) -> AnswerSentence:
    """One drafted sentence with its verdict and, unless unsupported, its citations, the most telling one first."""
    aligned = align(text, evidence, suggested=markers)
    if not aligned:
        return AnswerSentence(text, (), "unsupported")
    aligned = _main_first(text, aligned)
    aligned = with_antecedents(text, aligned, evidence)
    if "alleged" in why_not(text, [item.sentence.text for item in aligned]):
        # The article attributes what the draft states as fact: let the article speak.
        return quoted(aligned[0])
    judged = verdict(
        verifier.verify(text, [item.sentence.text for item in aligned], context=surroundings(aligned, evidence))
    )
    citations = () if judged == "unsupported" else tuple(item.cite() for item in aligned)
    return AnswerSentence(text, citations, judged)


def numbered(sentence: AnswerSentence, cited: Sequence[Citation]) -> AnswerSentence:
    """The sentence with its citations in order of their numbers in the answer.

    What ``cited`` holds already keeps its number; the rest goes on from there, in the order in which it is cited.
    """
    known = {_place(citation): citation for citation in cited}
    for citation in sentence.citations:
        known.setdefault(_place(citation), replace(citation, number=len(known) + 1))
    citations = {known[_place(citation)] for citation in sentence.citations}
    return replace(sentence, citations=tuple(sorted(citations, key=lambda citation: citation.number)))


def citations_of(sentences: Sequence[AnswerSentence], before: Sequence[Citation] = ()) -> tuple[Citation, ...]:
    """The citations ``before`` and those of the sentences."""
    return (*before, *(citation for sentence in sentences for citation in sentence.citations))


def _place(citation: Citation) -> tuple[str, int]:
    return citation.article_id, citation.sentence.index


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


def quoted(item: Evidence) -> AnswerSentence:
    """An evidence sentence as a sentence of the answer, word for word."""
    return AnswerSentence(item.sentence.text, (item.cite(),), "supported")


def likely_source(question: str, text: str, evidence: Sequence[Evidence]) -> Evidence | None:
    """The evidence that a failed draft most likely drew its answer from; None where none is about both.

    What counts is what the draft adds to the question, its answer: a sentence that holds none of it is not what was
    meant, and one that holds little of the question is about something else. "Yes" adds nothing that could be held.
    """
    asked, said = words_of(question).content, words_of(text).content
    answer = said - question_stems(question) - YES_OR_NO
    best, most = None, 0.0
    for item in evidence:
        stems = words_of(item.sentence.text).stems | words_of(stated(item.title)).stems
        says = len(answer & words_of(item.sentence.text).stems) / len(answer) if answer else MIN_OVERLAP
        about = len(asked & stems) / max(1, len(asked))
        near = min(says, about) >= MIN_OVERLAP and says + about >= MIN_TOTAL
        if near and says + about > most:
            best, most = item, says + about
    return best


def with_lead_in(item: Evidence, evidence: Sequence[Evidence]) -> str:
    """The sentence, behind the one before it where that is among the evidence too."""
    key = (item.sentence.article_id, item.sentence.index - 1)
    before = [e.sentence.text for e in evidence if (e.sentence.article_id, e.sentence.index) == key]
    return " ".join([*before, item.sentence.text])


def sources_cover_answer(question: str, sentence: AnswerSentence) -> bool:
    """Whether a sentence's sources hold something of the question, and something of what it adds to it, its answer.

    Overlap with the question's own words alone is no support: "SpaceX launched six tourists" shares all but the answer
    with a sentence about Blue Origin. Nor is the answer alone: a name, copied, is found in sentences about anything.
    """
    claim, asked = words_of(sentence.text), words_of(question).content
    answer = claim.content - question_stems(question)
    cited = [words_of(f"{stated(citation.title)}. {citation.quote}") for citation in sentence.citations]
    about = asked & frozenset().union(*(words.stems for words in cited))
    if len(about) < MIN_OVERLAP * len(asked):
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
