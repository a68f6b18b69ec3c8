"""Questions to begin with, made from sentences of the articles, each answered by the very sentence it was made from."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import get_args

from onrecord.index.errors import UnknownArticle
from onrecord.index.types import ArticleInfo, Sentence
from onrecord.qa.engines.stopping import StopAsked, never
from onrecord.qa.types import Answer, Finished
from onrecord.ui.desk.collection import Collection
from onrecord.ui.desk.protocols import AssistantLike
from onrecord.ui.desk.questions import Kind, Question, questions
from onrecord.ui.desk.tuning import quoting

READ = 80  # articles whose sentences are read, spread over the collection
TOP = 40  # sentences of each, where they are many
TRIED = 30  # questions that are asked at most
FEW = 20  # articles that are read to their ends, and in which "the bridge" is clear without a name
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question, and the sentence that it was made from."""

    question: Question
    sentence: Sentence


def suggestions(collection: Collection, *, count: int = 4, stopped: StopAsked = never) -> tuple[str, ...]:
    """Up to ``count`` questions, of different kinds and articles where there are; none from an empty collection.

    Each was asked of its assistant without the model, which refuses what the articles do not surely answer.
    ``stopped`` is asked between two of them; once it is true, those found until then are given.
    """
    infos = collection.library.articles()
    assistant, chosen, used = quoting(collection.assistant), list[str](), set[str]()
    many = len(infos) > FEW
    found = _candidates(collection, infos[:: max(1, len(infos) // READ)], stopped, top=TOP if many else None)
    found = [one for one in found if one.question.anchored or not many]
    for one in islice(in_turn(found), TRIED):
        if len(chosen) == count or stopped():
            break
        if one.sentence.article_id in used and len(infos) > count:
            continue
        if _found_again(collection, one) and _answered_by(assistant, one):  # the search costs less
            chosen.append(one.question.text)
            used.add(one.sentence.article_id)
    return tuple(chosen)


def _candidates(
    collection: Collection, infos: Sequence[ArticleInfo], stopped: StopAsked, *, top: int | None
) -> list[Candidate]:
    """What the sentences of these articles answer, those that name something first, and those from an article's top."""
    found: list[Candidate] = []
    for info in infos:
        if stopped():
            break
        if info.language != "en":
            continue
        try:
            text, sentences = collection.library.article(info.id).text, collection.library.sentences(info.id)
        except UnknownArticle:  # removed meanwhile
            continue
        found += [Candidate(question, one) for one in sentences[:top] for question in questions(one, text)]
    return sorted(found, key=lambda one: (not one.question.anchored, one.sentence.index))


def in_turn(found: Sequence[Candidate]) -> Iterator[Candidate]:
    """The first of each kind, the second of each, and so on; what tells about one sentence or asks twice, once."""
    of_kind = {kind: [one for one in found if one.question.kind == kind] for kind in KINDS}
    sentences, asked = set[tuple[str, int]](), set[str]()
    while any(of_kind.values()):
        for waiting in of_kind.values():
            while waiting:
                one = waiting.pop(0)
                place = (one.sentence.article_id, one.sentence.index)
                if place not in sentences and one.question.text not in asked:
                    sentences.add(place)
                    asked.add(one.question.text)
                    yield one
                    break


def _found_again(collection: Collection, one: Candidate) -> bool:
    hits = collection.library.search(one.question.text, top_k=3)
    return any(
        one.sentence.start_char in {s.start_char for s in hit.passage.sentences}
        for hit in hits
        if hit.passage.article_id == one.sentence.article_id
    )


def _answered_by(assistant: AssistantLike, one: Candidate) -> bool:
    """Whether the question is answered, and by this sentence before any other."""
    answer: Answer | None = None
    with closing(assistant.stream(one.question.text)) as events:
        for event in events:
            if isinstance(event, Finished):
                answer = event.answer
    if answer is None or answer.status != "answered":
        return False
    place = (one.sentence.article_id, one.sentence.start_char)
    return next((citation.place for said in answer.sentences for citation in said.citations), None) == place
