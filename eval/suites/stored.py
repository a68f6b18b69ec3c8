"""A suite as an index stores it: texts are normalised once when they are added, and every offset counts into those."""

from dataclasses import replace
from pathlib import Path

from onrecord.eval.suites.loading import GoldQuote, Suite, load_suite
from onrecord.index.errors import InputError
from onrecord.index.reading.files import normalise


def load_stored_suite(path: Path | str) -> Suite:
    """The suite of a folder, ready to be asked and scored.

    Raises:
        InputError: a row of it breaks a rule; the message names file, line and cure.
    """
    return as_stored(load_suite(path))


def as_stored(suite: Suite) -> Suite:
    """The suite with its texts and gold quotes normalised; one that is normalised already is returned as it is."""
    changed = {a.id: text for a in suite.articles if (text := normalise(a.text)) != a.text}
    if not changed:
        return suite
    before = suite.texts

    def moved(gold: GoldQuote) -> GoldQuote:
        if gold.article not in changed:
            return gold
        quote, text = normalise(gold.quote), changed[gold.article]
        about = len(normalise(before[gold.article][: gold.start_char]))
        start = _nearest(quote, text, about)
        if start < 0:
            raise InputError(
                f"{suite.path}: the quote {gold.quote!r} falls apart when article {gold.article!r} is normalised; "
                "give whole words of it"
            )
        return replace(gold, quote=quote, start_char=start, end_char=start + len(quote))

    return replace(
        suite,
        articles=tuple(replace(a, text=changed.get(a.id, a.text)) for a in suite.articles),
        questions=tuple(replace(q, evidence=tuple(map(moved, q.evidence))) for q in suite.questions),
    )


def _nearest(quote: str, text: str, about: int) -> int:
    """Where the quote starts in the text, of several places the one nearest to ``about``; -1 when it is not there."""
    starts = []
    start = text.find(quote)
    while start >= 0:
        starts.append(start)
        start = text.find(quote, start + 1)
    return min(starts, key=lambda place: abs(place - about), default=-1)
