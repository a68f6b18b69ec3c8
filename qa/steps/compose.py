"""Evidence that answers a question -> the sentences of the answer, and the positions where articles differ."""

from collections.abc import Iterator

from onrecord.qa.engines.base import Engine
from onrecord.qa.judges.verify import Verifier, question_messages
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.steps import prompts
from onrecord.qa.steps.answer_run import Draft
from onrecord.qa.steps.check import not_stated_share
from onrecord.qa.steps.compare import Excerpt, Reading, answering, by_date, contenders, groups, positions, told
from onrecord.qa.steps.write import counts_another, drafted, held, leaned_on, quoted, repeats, stand, with_lead_in
from onrecord.qa.types import AnswerSentence, Disagreement, Event, Evidence, SentenceDone, Writing

QUOTES_ENOUGH = 0.93  # without a model: a second sentence is quoted when its score is at least this share of the best
# A draft that does not stand is itself a reason to doubt. A quote takes its place when answerability times the
# probability that the quote answers when it is read alone is at least this. On four dev suites (394 questions) such
# quotes are right, or of an answerable question, 63 of 84 times; with a bound of .6 on each of the two 51 of 67.
STANDS_IN = 0.3
# Of drafts that the features find partly supported, squad2-dev and realtimeqa-dev (100 and 97 questions): at least this
# likely to be all in the cited text, by the model's yes or no, were 15 of 16 right ones and 5 of 12 others.
SAYS_SO = 0.62
TASKS = {"phrase": prompts.PHRASE, "sentence": prompts.SENTENCE, "detailed": prompts.DETAILED}


class Composer:
    """Writes one answer. Without an engine it quotes."""

    def __init__(self, engine: Engine | None, verifier: Verifier, settings: AnswerSettings) -> None:
        self.engine = engine
        self.verifier = verifier
        self.settings = settings

    def compose(self, draft: Draft, shared: str) -> Iterator[Event]:
        """Fills ``draft`` and yields each sentence as it is done."""
        if self.engine is None:
            yield from self._quote(draft)
            return
        with draft.timed("write"):
            yield from self._write(draft, shared)
        with draft.timed("disagree"):
            self._compare(draft)

    def _quote(self, draft: Draft) -> Iterator[Event]:
        ranked = sorted(draft.evidence, key=lambda item: -item.score)
        for item in ranked[:2]:
            if item.score >= QUOTES_ENOUGH * ranked[0].score:
                draft.sentences.append(quoted(item, draft.numbering))
                yield SentenceDone(draft.sentences[-1])

    def _write(self, draft: Draft, shared: str) -> Iterator[Event]:
        assert self.engine is not None
        prompt = prompts.messages(shared, TASKS[self.settings.length])
        leaning: Evidence | None = None
        for marked in drafted(self.engine, prompt, max_tokens=self.settings.max_answer_tokens):
            draft.first_token()
            if marked is None:
                yield Writing()
                continue
            text, markers = marked
            if repeats(text, draft.sentences):
                continue
            other = counts_another(draft.standalone, text, draft.evidence)
            if other is not None:
                leaning = leaning or other
                draft.unconfirmed.append(AnswerSentence(text, (), "unsupported"))
                continue
            done = stand(text, markers, draft.evidence, self.verifier, draft.numbering)
            if done.verdict == "unsupported" or not held(draft.standalone, done) or not self._says_so(done):
                done = AnswerSentence(text, (), "unsupported")
                draft.unconfirmed.append(done)
                leaning = leaning or leaned_on(draft.standalone, text, draft.evidence)
            else:
                draft.sentences.append(done)
            yield SentenceDone(done)
        if not draft.sentences and leaning is not None and self._answers(draft, leaning):
            draft.sentences.append(quoted(leaning, draft.numbering))
            yield SentenceDone(draft.sentences[-1])

    def _says_so(self, sentence: AnswerSentence) -> bool:
        """Whether a sentence that is only partly supported is, to the model, all in what it cites."""
        if sentence.verdict != "partly":
            return True
        assert self.engine is not None
        asked = question_messages(sentence.text, [citation.quote for citation in sentence.citations])
        said_yes = self.engine.yes_probability(asked)
        return said_yes is None or said_yes >= SAYS_SO

    def _answers(self, draft: Draft, item: Evidence) -> bool:
        """Whether a sentence may be quoted in place of a failed draft: it has to answer when it is read on its own."""
        answered = 1.0 if draft.answerability is None else draft.answerability
        if answered < STANDS_IN:
            return False
        silence = self._silence(prompts.text_head(draft.standalone, with_lead_in(item, draft.evidence)))
        return answered * (1.0 - (silence or 0.0)) >= STANDS_IN

    def _silence(self, head: str) -> float | None:
        """How likely one text alone does not answer; None from a model that does not tell its doubts."""
        assert self.engine is not None
        return not_stated_share(self.engine.first_tokens(prompts.messages(head, prompts.SHORT_OR_NOT)))

    def _compare(self, draft: Draft) -> None:
        """Where more than one article may answer, find what each says, and keep what differs."""
        if self.engine is None or not self.settings.compare_sources or not draft.sentences:
            return

        def head(excerpt: Excerpt) -> str:
            return prompts.text_head(draft.standalone, excerpt.text)

        readings: list[Reading] = []
        stood = {(c.article_id, c.sentence.index) for sentence in draft.sentences for c in sentence.citations}
        cited = frozenset(e.number for e in draft.evidence if (e.sentence.article_id, e.sentence.index) in stood)
        for excerpt in contenders(draft.standalone, draft.evidence, cited):
            silence = self._silence(head(excerpt))
            if silence is None:
                return  # nobody can say which articles answer
            readings.append(Reading(excerpt, silence))
        surest = answering(readings)
        if len(surest) < 2:
            return
        found = positions(draft.standalone, surest, lambda excerpt: self._say(head(excerpt)))
        grouped = groups(draft.standalone, found)
        answer = " ".join(sentence.text for sentence in draft.sentences)
        if len(grouped) > 1 and any(told(draft.standalone, reading, answer) for reading in found):
            shown = by_date([min(group, key=lambda reading: reading.silence) for group in grouped])
            sentences = tuple(quoted(reading.evidence, draft.numbering) for reading in shown)
            draft.disagreements.append(Disagreement(about=draft.standalone.rstrip("?"), positions=sentences))

    def _say(self, head: str) -> str:
        assert self.engine is not None
        return "".join(self.engine.generate(prompts.messages(head, prompts.PHRASE), max_tokens=20))
