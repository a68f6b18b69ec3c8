"""What changed in a text, sentence by sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from onrecord.index.text.sentences import sentence_spans


@dataclass(frozen=True, slots=True)
class Edit:
    """Sentences that stood in one place before, and those that stand there since; either may be none."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed at one time. ``at``: when that was found, ISO 8601 in UTC."""

    at: str
    edits: tuple[Edit, ...]


def edits(before: str, after: str, language: str = "en") -> tuple[Edit, ...]:
    """In the order of the text; spaces between sentences are no change.

    >>> edits("It is shut. It is old.", "It is open. It is old. Traffic flows.")
    (Edit(before=('It is shut.',), after=('It is open.',)), Edit(before=(), after=('Traffic flows.',)))
    """
    old, new = _sentences(before, language), _sentences(after, language)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        Edit(tuple(old[a:b]), tuple(new[c:d])) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"
    )


def _sentences(text: str, language: str) -> Sequence[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]
