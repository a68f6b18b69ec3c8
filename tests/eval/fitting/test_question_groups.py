"""What the judge of whether something is answered is trained on: questions that look answered, and are or are not."""

import random
import re
from typing import Any

import numpy as np
import pytest

from onrecord.eval.fitting.adapter import Group
from onrecord.eval.fitting.question_groups import LONGEST, MOST_SENTENCES, frames, public

PLACES = "Leeds Porto Lyon Gdansk Bergen Ghent Bilbao Graz Denver Tulsa Austin Halifax Mombasa Lahore".split()
TEXT = " ".join(f"Ana Ortiz opened a bridge of {number} metres in {place}." for number, place in enumerate(PLACES, 2))


def row(place: str, source: str = "squad2-train", *, answerable: bool = True) -> dict[str, Any]:
    answer = str(PLACES.index(place) + 2) if answerable else ""
    start = TEXT.find(f"{answer} metres")
    return {
        "source": source,
        "question": f"How long is the bridge in {place}?",
        "text": TEXT,
        "answerable": answerable,
        "answers": [answer] if answerable else [],
        "spans": [[start, start + len(answer)]] if answerable else [],
    }


def made(rows: list[dict[str, Any]], runs: int = 60) -> list[Group]:
    return [group for seed in range(runs) for group in public(rows, random.Random(seed))]


def test_a_question_is_answered_where_its_sentence_is_shown_and_not_where_it_is_left_out() -> None:
    seen: set[object] = set()
    for group in made([row(place) for place in ("Leeds", "Graz", "Halifax")]):
        for question, label in group.statements:
            place = question.removesuffix("?").rpartition(" in ")[2]
            if place not in ("Leeds", "Graz", "Halifax"):  # exchanged: it asks about another place of the text
                assert not label
                continue
            shown = f"in {place}." in group.text
            if label:
                assert shown
            elif not shown:
                seen.add("left out")
            seen.add(label)
    assert seen == {1.0, 0.0, "left out"}


def test_a_question_that_people_wrote_to_look_answered_is_not() -> None:
    groups = made([row("Leeds", answerable=False)])
    assert {label for group in groups for _, label in group.statements} == {0.0}


def test_sentences_are_numbered_under_their_article_and_few() -> None:
    for group in made([row("Leeds"), row("Denver", "repliqa")]):
        lines = group.text.splitlines()
        numbered = [line for line in lines if line.startswith("[")]
        assert lines[0] == "Sentences:" and lines[1].startswith("From “")
        assert [line.partition(" ")[0] for line in numbered] == [f"[{n}]" for n in range(1, len(numbered) + 1)]
        assert len(numbered) <= MOST_SENTENCES + 3 and len(group.text) <= LONGEST + 20


@pytest.mark.parametrize("source", ["esnli", "unknown"])
def test_other_sources_give_nothing(source: str) -> None:
    assert not made([row("Leeds", source)], runs=5)


def test_every_frame_has_as_many_questions_of_either_kind() -> None:
    groups = list(frames(random.Random(0)))
    labels = [label for group in groups for _, label in group.statements]
    assert len(groups) == 390
    assert all(
        bool(reply) == bool(label)
        for group in groups
        for (_, label), reply in zip(group.statements, group.replies, strict=True)
    )
    assert 0.45 < sum(labels) / len(labels) < 0.55
    assert all(len({question for question, _ in group.statements}) == len(group.statements) for group in groups)


def test_words_alone_do_not_tell_which_question_of_a_frame_is_answered() -> None:
    shares: dict[float, list[float]] = {0.0: [], 1.0: []}
    for group in frames(random.Random(0)):
        told = set(re.findall(r"\w{4,}", group.text.lower()))
        for question, label in group.statements:
            asked = re.findall(r"\w{4,}", question.partition(": ")[2].lower()) or [""]
            shares[label].append(sum(word in told for word in asked) / len(asked))
    answered, others = (np.asarray(shares[label]) for label in (1.0, 0.0))
    more = (answered[:, None] > others).mean() + (answered[:, None] == others).mean() / 2
    assert 0.4 < more < 0.6
