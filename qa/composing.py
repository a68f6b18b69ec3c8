"""Evidence that answers a question -> the sentences of the answer, and the positions where articles differ."""

from collections.abc import Iterator

from onrecord.qa import prompts
from onrecord.qa.disagree import Position, by_date, contenders, groups, positions
from onrecord.qa.engines import Engine
from onrecord.qa.record import Draft
from onrecord.qa.settings import AnswerSettings
from onrecord.qa.types import AnswerSentence, Disagreement, Event, Evidence, SentenceDone
from onrecord.qa.verify import Verifier
from onrecord.qa.writing import drafted, leaned_on, quoted, repeats, stand

QUOTES_ENOUGH = 0.93  # without a model: a second sentence is quoted when its score is at least this share of the best
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
            self._compare(draft, shared)

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
        for text, markers in drafted(self.engine, prompt, max_tokens=self.settings.max_answer_tokens):
            draft.first_token()
            if repeats(text, draft.sentences):
                continue
            done = stand(text, markers, draft.evidence, self.verifier, draft.numbering)
            if done.verdict == "unsupported":
                draft.unconfirmed.append(done)
                leaning = leaning or leaned_on(draft.standalone, text, draft.evidence)
            else:
                draft.sentences.append(done)
            yield SentenceDone(done)
        if not draft.sentences and leaning is not None:
            draft.sentences.append(quoted(leaning, draft.numbering))
            yield SentenceDone(draft.sentences[-1])

    def _compare(self, draft: Draft, shared: str) -> None:
        """Where more than one article may answer, find what each says, and keep what differs."""
        items = contenders(draft.standalone, draft.evidence)
        if len(items) < 2 or self.engine is None or not self.settings.compare_sources:
            return
        found = positions(
            draft.standalone,
            items,
            say=lambda item: self._say(shared, item),
            answers=lambda item: True,
        )
        grouped = groups(draft.standalone, found)
        if len(grouped) < 2:
            return
        shown = by_date([_best(group) for group in grouped])
        draft.disagreements.append(
            Disagreement(
                about=draft.standalone.rstrip("?"),
                positions=tuple(_position(draft, position) for position in shown),
            )
        )

    def _say(self, shared: str, item: Evidence) -> str:
        assert self.engine is not None
        task = (
            f"Look at sentence [{item.number}] alone. Answer in as few words as possible, copied from it. "
            "If it does not answer the question, write: not stated."
        )
        said = "".join(self.engine.generate(prompts.messages(shared, task), max_tokens=24))
        return "" if said.strip().lower().startswith(("not stated", "none", "no answer")) else said


def _best(group: list[Position]) -> Position:
    return max(group, key=lambda position: position.evidence.score)


def _position(draft: Draft, position: Position) -> AnswerSentence:
    return quoted(position.evidence, draft.numbering)
