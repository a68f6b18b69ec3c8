"""An answer as text, with the sentences that the program itself says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onrecord.qa.briefing.values import Brief
    from onrecord.qa.types import Answer, AnswerSentence, Citation, Evidence, Reason

ABSTENTION = "The articles do not say."

WHY: dict[Reason, str] = {
    "": "No sentence in the articles answers the question.",
    "no_articles": "There are no articles yet.",
    "no_subject": "The question names a time, and nothing else to look for.",
    "nothing_found": "Nothing in the articles is about this.",
    "not_answered": "Sentences about this were found, but none of them answers the question.",
    "not_supported": "An answer was drafted, but the sentences found do not confirm it.",
    "outside_filter": "Articles outside your filter may be about this, but the filter leaves none that is.",
    "no_differences": "No two sentences of different articles were found to disagree.",
    "not_a_question_for_the_articles": "This asks for something other than what the articles report.",
}

WHAT_TO_TRY: dict[Reason, tuple[str, ...]] = {
    "": ("Ask for one fact at a time.",),
    "no_articles": ("Add some: in the tab Collection, or with `onrecord add PATH`.",),
    "no_subject": ("Name a person, a place or an event.",),
    "nothing_found": ("Check the spelling of names.", "Check that an article about it is in the collection."),
    "not_answered": ("Name the person, place or day you mean.", "Ask about what the nearest sentences say."),
    "not_supported": ("Ask for one fact at a time.", "Ask about what the nearest sentences say."),
    "outside_filter": ("Widen or clear the filter.",),
    "no_differences": ("Ask about one thing that each article reports: what differs on it is shown.",),
    "not_a_question_for_the_articles": ("Ask what an article reports: who, what, where, when, how many.",),
}

NEAREST = 3  # sentences shown where nothing answers
_WHOLE = re.compile(r"[.!?…。！？।؟۔][\s\"'”’»)\]]*$")  # a headline, a caption or a credit ends otherwise

Written = Callable[[str], str]
"""How a text that the program did not write is put into the answer: as it is, or escaped for where that is shown."""


def with_who(text: str, citations: Sequence[Citation]) -> tuple[str, str, str]:
    """The text up to its pronoun, whom that means in square brackets, and the rest; the brackets are this program's.

    ``text`` is a quote, or a sentence that begins as the quotes of its ``citations`` do.
    """
    heads = {
        (citation.quote[: citation.who_at], citation.who)
        for citation in citations
        if citation.who and re.match(rf"{re.escape(citation.quote[: citation.who_at])}(?!\w)", text)
    }
    if len(heads) != 1:
        return text, "", ""
    head, who = heads.pop()
    own = "’s" if head.lower().endswith(("his", "her")) else ""
    return head, f" [{who}{own}]", text[len(head) :]


def quote_text(citation: Citation) -> str:
    """The quote for a reader: "He [Rami Abdurrahman] estimated"."""
    return "".join(with_who(citation.quote, [citation]))


def said_text(sentence: AnswerSentence) -> str:
    """A sentence of an answer for a reader."""
    return "".join(with_who(sentence.text, sentence.citations))


def marked(sentence: AnswerSentence, written: Written = str) -> str:
    """The sentence with its ``[n]`` markers behind it."""
    markers = "".join(f"[{citation.number}]" for citation in sentence.citations)
    text = written(said_text(sentence))
    return f"{text} {markers}" if markers else text


def left_open(answer: Answer, written: Written = str) -> str:
    """The sentence for the part of the question that the articles leave open."""
    return f"The articles do not say: “{written(answer.missing)}”"


def answer_text(answer: Answer, written: Written = str) -> str:
    """The whole answer, each sentence followed by its markers; as plain text unless ``written`` says otherwise."""
    if answer.status == "abstained":
        return f"{ABSTENTION} {why(answer)}"
    lines = [" ".join(marked(sentence, written) for sentence in answer.sentences)]
    for disagreement in answer.disagreements:
        lines.append(f"The articles differ on {written(disagreement.about)}:")
        lines.extend(f"- {marked(position, written)}" for position in disagreement.positions)
    if answer.missing:
        lines.append(left_open(answer, written))
    return "\n".join(line for line in lines if line)


def why(answer: Answer | Brief) -> str:
    """Why the articles do not say, for any door. An answer of another version may have a reason unknown here."""
    return WHY.get(answer.reason, WHY[""])


def what_to_try(answer: Answer) -> tuple[str, ...]:
    """What may bring an answer where the articles do not say, a sentence each."""
    return WHAT_TO_TRY.get(answer.reason, WHAT_TO_TRY[""])


def nearest(answer: Answer) -> list[Evidence]:
    """The sentences that came nearest to an answer, best first: whole ones, where the articles do not say."""
    if answer.reason not in ("not_answered", "not_supported"):
        return []
    whole = [item for item in answer.evidence if _WHOLE.search(item.quote)]
    return sorted(whole, key=lambda item: -item.score)[:NEAREST]
