"""A first suite for a person's own articles: the model drafts questions for given sentences, code checks them.

A draft is kept when its answer is copied from the sentence, the question does not give it away, and a search for the
question finds the sentence. A near miss is kept when the model, shown what a search for it finds, says that the
answer is not there. All are marked as drafts: a person accepts one by setting ``"draft": false``, or deletes it.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onrecord.eval.metrics.text import squad_normalise
from onrecord.index.errors import InputError
from onrecord.index.types import Article, Filter, Sentence

if TYPE_CHECKING:
    from onrecord.index import Library
    from onrecord.qa.engines.base import Engine

FOUND_WITHIN = 5  # passages: a question whose sentence is not among these is no fair question
_WORDS = (8, 45)  # of a sentence that a question is written for
_MOST_ANSWER_WORDS = 10
_UNSAID = ("the age", "the cost in dollars", "the telephone number", "the height or size", "the date of birth")
_NAME_OR_NUMBER = re.compile(r"(?<=\s)[A-Z][\w’'-]+|\d")
_POINTS_BACK = re.compile(
    r"\b(?:this|that|these|those) (?:sentence|article|text|passage)\b|\b(?:he|she|they|it)\b", re.I
)
_ABOUT = (
    'Drafted by a model and checked by code, not yet by a person. Accept a question by setting its "draft" to false, '
    "reject it by deleting its line."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A drafted question; without a sentence it is a near miss, which the articles should not answer."""

    article: str
    question: str
    answer: str = ""
    sentence: Sentence | None = None


def draft_questions(
    library: "Library",
    engine: "Engine",
    *,
    per_article: int = 4,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> Iterator[Draft]:
    """Up to ``per_article`` questions and one near miss for each article of the library, as they are written."""
    infos = library.articles()
    for done, info in enumerate(infos, start=1):
        article = library.article(info.id)
        kept = 0
        for sentence in promising(library.sentences(article.id), seed=f"{seed}:{article.id}"):
            if kept >= per_article:
                break
            draft = written_for(engine, article, sentence)
            if draft is not None and is_found(library, draft.question, sentence):
                kept += 1
                yield draft
        missed = near_miss(library, engine, article)
        if missed is not None:
            yield missed
        if on_progress is not None:
            on_progress(done, len(infos))


def promising(sentences: Sequence[Sentence], *, seed: str) -> list[Sentence]:
    """Sentences that a question could be about: of fair length, with a name or a number; in a mixed order."""
    fair = [
        sentence
        for sentence in sentences
        if _WORDS[0] <= len(sentence.text.split()) <= _WORDS[1]
        and _NAME_OR_NUMBER.search(sentence.text)
        and not sentence.text.rstrip("\"”'").endswith("?")
    ]
    random.Random(seed).shuffle(fair)
    return fair


def written_for(engine: "Engine", article: Article, sentence: Sentence) -> Draft | None:
    """The model's question for one sentence, if it keeps the rules."""
    said = _say(
        engine,
        f"Article: {article.title}\nSentence: {sentence.text}\n\n"
        "Write one question that a reader could ask and that this sentence answers. Name who or what it is about; do "
        "not write he, she, it, they or 'the article'. Then write the answer, copied from the sentence, in a few "
        "words.\nQuestion: ...\nAnswer: ...",
    )
    question, answer = _field(said, "Question"), _field(said, "Answer").rstrip(".")
    wanted = squad_normalise(answer)
    if not _is_question(question) or not wanted or len(wanted.split()) > _MOST_ANSWER_WORDS:
        return None
    if wanted not in squad_normalise(sentence.text) or wanted in squad_normalise(question):
        return None
    return Draft(article.id, question, answer, sentence)


def is_found(library: "Library", question: str, sentence: Sentence) -> bool:
    """Whether a search for the question finds the sentence among the first few passages."""
    hits = library.search(question, top_k=FOUND_WITHIN)
    return any(
        sentence.index in {s.index for s in h.passage.sentences}
        for h in hits
        if h.passage.article_id == sentence.article_id
    )


def near_miss(library: "Library", engine: "Engine", article: Article) -> Draft | None:
    """A question on the article's topic that nothing in the collection answers, as far as the model can tell."""
    opening = " ".join(sentence.text for sentence in library.sentences(article.id)[:6])
    for aspect in _UNSAID:
        question = _unsaid_question(engine, article, opening, aspect)
        if question and not _seems_answered(library, engine, question, article):
            return Draft(article.id, question)
    return None


def _unsaid_question(engine: "Engine", article: Article, opening: str, aspect: str) -> str:
    """The model's question for an aspect that articles seldom give; empty when it breaks a rule."""
    said = _say(
        engine,
        f"Article: {article.title}\n{opening}\n\n"
        f"Write one question that asks for {aspect} of a person, place or thing in this article. Name who or what it "
        "is about; do not write he, she, it, they or 'the article'. Reply with the question only.",
    )
    lines = [line.strip(' *"“”') for line in said.splitlines()]
    question = _field(said, "Question") or next((line for line in lines if line.endswith("?")), "")
    return question if _is_question(question) else ""


def _seems_answered(library: "Library", engine: "Engine", question: str, article: Article) -> bool:
    """Whether the model, shown what a search finds, says that the answer is there; what it cannot tell counts as no."""
    found = [
        *library.search(question, top_k=3),
        *library.search(question, top_k=2, where=Filter(articles=(article.id,))),
    ]
    shown = "\n".join(dict.fromkeys(hit.passage.text for hit in found))
    task = f"{shown}\n\nQuestion: {question}\nDo these sentences say the answer to this question? Reply yes or no."
    answered = engine.yes_probability([{"role": "user", "content": task}])
    return answered is not None and answered >= 0.5


def write_drafts(folder: Path, library: "Library", drafts: Sequence[Draft], *, name: str) -> None:
    """The drafts as a suite that ``onrecord eval check`` accepts.

    Raises:
        InputError: the folder holds something already, or there is nothing to write.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: is not empty; give a new folder, so that no accepted question is lost")
    if not drafts:
        raise InputError("no question passed the checks; give more or longer articles, or a stronger model")
    folder.mkdir(parents=True, exist_ok=True)
    articles = [library.article(info.id) for info in library.articles()]
    about = {"name": name, "license": "", "source": "drafted by onrecord eval draft", "about": _ABOUT}
    (folder / "suite.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    _write_lines(folder / "articles.jsonl", [_article_row(article) for article in articles])
    _write_lines(folder / "questions.jsonl", [_question_row(n, draft) for n, draft in enumerate(drafts, start=1)])


def _question_row(number: int, draft: Draft) -> dict[str, Any]:
    sentence = draft.sentence
    row: dict[str, Any] = {
        "id": f"d{number:03}",
        "question": draft.question,
        "kind": "single-fact" if sentence else "near-miss",
        "answerable": sentence is not None,
        "draft": True,
    }
    if sentence is not None:
        place = {"article": sentence.article_id, "quote": sentence.text, "start_char": sentence.start_char}
        row |= {"answers": [draft.answer], "evidence": [place]}
    return row


def _article_row(article: Article) -> dict[str, str]:
    facts = {"source": article.source, "published": article.published, "url": article.url, "language": article.language}
    return {"id": article.id, "title": article.title, "text": article.text} | {k: v for k, v in facts.items() if v}


def _write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _say(engine: "Engine", task: str) -> str:
    return "".join(engine.generate([{"role": "user", "content": task}], max_tokens=90))


def _field(said: str, name: str) -> str:
    found = re.search(rf"^\W*{name}\W*?:\s*(.+)$", said, re.IGNORECASE | re.MULTILINE)
    return found[1].strip().strip('*"“”').strip() if found else ""


def _is_question(text: str) -> bool:
    return text.endswith("?") and 4 <= len(text.split()) <= 40 and not _POINTS_BACK.search(text)
