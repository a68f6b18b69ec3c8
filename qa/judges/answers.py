"""Does this sentence, with the one before it, answer this question? A small cross-encoder, run by onnxruntime.

It reads question and sentence together and gives one logit. ``eval/fitting/fit_answers.py`` trains it; its card, with
data and figures, is ``answer_judge/MODEL_CARD.md``.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Protocol

from onrecord.qa.judges.pair_encoder import Logits, PairEncoder

LONGEST, LEAD_IN = 400, 140  # characters of a sentence, and of the one before it, that are read
MOST_TOKENS = 112


class AnswerJudge(Protocol):
    """Anything that says how likely sentences answer a question."""

    def logits(self, question: str, sentences: Sequence[tuple[str, str]]) -> Logits:
        """One logit per (sentence, the one before it or ""), shape ``(n,)``: above 0 it rather answers than not."""
        ...


class EncodedJudge:
    """The judge that is a cross-encoder in a folder. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._encode = PairEncoder(folder, longest=MOST_TOKENS)

    def logits(self, question: str, sentences: Sequence[tuple[str, str]]) -> Logits:
        return self._encode([(question, framed(*sentence)) for sentence in sentences])


@cache
def answer_judge() -> AnswerJudge:
    """The judge that comes with the package, loaded once."""
    with as_file(files("onrecord.qa.judges").joinpath("answer_judge")) as folder:
        return EncodedJudge(folder)


def framed(sentence: str, before: str) -> str:
    """What the encoder reads beside the question: the sentence first, so that what is cut off is the lead-in's.

    >>> framed("He left.", "Assad spoke.")
    'He left. | Assad spoke.'
    """
    lead_in = " ".join(before.split())[-LEAD_IN:]
    text = " ".join(sentence.split())[:LONGEST]
    return f"{text} | {lead_in}" if lead_in else text
