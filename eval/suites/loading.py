"""Suites of questions with their gold places, checked while they are loaded.

A suite is a folder: ``suite.json`` says what it is, ``articles.jsonl`` holds the articles, ``questions.jsonl`` the
questions. Every gold quote must be in its article byte for byte, so a suite that loads can be trusted to the letter.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from onrecord.eval.suites.jsonl import Row, read_jsonl, read_text
from onrecord.eval.suites.types import PATTERN_PREFIX, GoldQuote, GroundingItem, HistoryTurn, Question, Suite
from onrecord.index.errors import InputError, ReadError
from onrecord.index.reading.articles import article_from_text, normalise
from onrecord.index.types import Article

__all__ = [
    "PATTERN_PREFIX",
    "GoldQuote",
    "GroundingItem",
    "HistoryTurn",
    "Question",
    "Suite",
    "load_grounding",
    "load_suite",
]

_SUITE_FIELDS = {"name", "license", "source", "about", "articles_from"}
_ARTICLE_FIELDS = {"id", "title", "text", "source", "published", "url", "language", "place"}
_EVIDENCE_FIELDS = {"article", "quote", "start_char"}
_FEEDBACK_FIELDS = {"verdict", "got"}  # what the page notes beside a judged answer; no part of the question
# In these public suites every accepted answer should be named, each with its own source.
_ALL_OF_SUITES = ("ramdocs",)


def load_suite(path: Path | str, *, strict: bool = False) -> Suite:
    """The suite in a folder, every row of it checked, its articles normalised as the index does it.

    A quote that occurs more than once in its article is a warning, and its first occurrence counts, unless the
    evidence gives the ``start_char`` of the one that is meant; with ``strict`` it is an error.

    Raises:
        InputError: a file is missing or a row breaks a rule; the message names file, line and cure.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such suite; give the folder that holds suite.json")
    about = _load_about(folder / "suite.json")
    articles = {}
    for row in read_jsonl(folder / "articles.jsonl"):
        article = _article(row)
        if article.id in articles:
            raise row.fail("this article id is used twice; give each article its own")
        articles[article.id] = article
    warnings: list[str] = []
    questions: dict[str, Question] = {}
    all_of = about["name"].startswith(_ALL_OF_SUITES)
    for row in read_jsonl(folder / "questions.jsonl"):
        question = _question(row, articles, warnings, all_of)
        if question.id in questions:
            raise row.fail("this question id is used twice; give each question its own")
        questions[question.id] = question
    if not questions:
        raise InputError(f"{folder / 'questions.jsonl'}: holds no question; write at least one")
    if strict and warnings:
        raise InputError(warnings[0])
    return Suite(
        name=about["name"],
        path=folder,
        articles=tuple(articles.values()),
        questions=tuple(questions.values()),
        license=about.get("license", ""),
        source=about.get("source", ""),
        about=about.get("about", ""),
        fingerprint=_fingerprint(folder),
        warnings=tuple(warnings),
    )


def load_grounding(path: Path | str) -> tuple[GroundingItem, ...]:
    """The items of a grounding file: claims, each with its source and whether the source supports it.

    Raises:
        InputError: the file is missing or a row breaks a rule; the message names file, line and cure.
    """
    items: dict[str, GroundingItem] = {}
    for row in read_jsonl(Path(path)):
        row.only({"id", "claim", "supported", "source", "sentences", "supporting", "label"})
        item = GroundingItem(
            id=row.text("id", required=True),
            claim=row.text("claim", required=True),
            supported=row.flag("supported", None),
            source=row.text("source"),
            sentences=row.texts("sentences"),
            supporting=_supporting(row),
        )
        if bool(item.source) == bool(item.sentences):
            raise row.fail("give either 'source' (one text) or 'sentences' (a list), not both or neither")
        if item.id in items:
            raise row.fail("this id is used twice; give each item its own")
        items[item.id] = item
    return tuple(items.values())


def _supporting(row: Row) -> tuple[frozenset[int], ...]:
    sets = row.data.get("supporting", [])
    count = len(row.texts("sentences"))
    if not isinstance(sets, list):
        raise row.fail(f"'supporting' must be a list of lists of sentence indices, found {sets!r}")
    for indices in sets:
        if not isinstance(indices, list) or not all(isinstance(i, int) and 0 <= i < count for i in indices):
            raise row.fail(f"'supporting' must hold lists of indices from 0 to {count - 1}, found {indices!r}")
    return tuple(frozenset(indices) for indices in sets if indices)


def _load_about(path: Path) -> dict[str, str]:
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: is not JSON ({error.msg}); mend the file") from error
    if not isinstance(data, dict):
        raise InputError(f"{path}: must hold one JSON object with at least a 'name'")
    row = Row(str(path), data)
    row.only(_SUITE_FIELDS)
    row.text("name", required=True)
    return {name: row.text(name) for name in data}


def _article(row: Row) -> Article:
    """The article as the index would store it: a suite's text is normalised like any other."""
    row.only(_ARTICLE_FIELDS)
    article_id, text = row.text("id", required=True), row.text("text", required=True)
    try:
        article = article_from_text(
            text,
            title=row.text("title"),
            source=row.text("source"),
            published=row.text("published"),
            url=row.text("url"),
            language=row.text("language") or "en",
        )
    except ReadError as error:
        raise row.fail(str(error)) from error
    return replace(article, id=article_id, place=row.text("place") or article.place)


def _question(row: Row, articles: Mapping[str, Article], warnings: list[str], all_of: bool) -> Question:
    row.only(set(Question.__dataclass_fields__) | _FEEDBACK_FIELDS)
    question = Question(
        id=row.text("id", required=True),
        question=row.text("question", required=True),
        kind=row.text("kind", required=True),
        answerable=row.flag("answerable", None),
        answers=row.texts("answers"),
        evidence=tuple(
            _gold_quote(row, item, articles, warnings) for item in row.objects("evidence", _EVIDENCE_FIELDS)
        ),
        scope=row.texts("scope"),
        history=tuple(_turn(row, item) for item in row.objects("history", {"role", "content"})),
        conflicting=row.texts("conflicting"),
        asked=row.text("asked"),
        choices=row.texts("choices"),
        needs=row.data.get("needs", 1),
        all_of=row.flag("all_of", all_of),
        must_not=row.texts("must_not"),
        articles_holding_answer=row.texts("articles_holding_answer"),
        note=row.text("note"),
        draft=row.flag("draft"),
    )
    _check_question(row, question, articles)
    return question


def _check_question(row: Row, question: Question, articles: Mapping[str, Article]) -> None:
    for article_id in (*question.scope, *question.articles_holding_answer):
        if article_id not in articles:
            raise row.fail(f"there is no article {article_id!r}; use an id from articles.jsonl")
    for name in ("answers", "conflicting", "must_not"):
        for pattern in getattr(question, name):
            _check_pattern(row, name, pattern)
    if isinstance(question.needs, bool) or not isinstance(question.needs, int) or question.needs < 1:
        raise row.fail(f"'needs' must be a whole number of at least 1, found {question.needs!r}")
    if question.evidence and question.needs > len(question.evidence):
        raise row.fail(
            f"'needs' is {question.needs}, but there are {len(question.evidence)} gold places; add the others"
        )


def _check_pattern(row: Row, name: str, pattern: str) -> None:
    if not pattern.removeprefix(PATTERN_PREFIX).strip():
        raise row.fail(f"an entry of {name!r} is empty and would match everything; remove it")
    if pattern.startswith(PATTERN_PREFIX):
        try:
            re.compile(pattern.removeprefix(PATTERN_PREFIX))
        except re.error as error:
            raise row.fail(f"{pattern!r} in {name!r} is no regular expression ({error}); mend it") from error


def _turn(row: Row, item: Mapping[str, Any]) -> HistoryTurn:
    role, content = item.get("role"), item.get("content")
    if role not in ("user", "assistant") or not isinstance(content, str):
        raise row.fail(f"a turn of 'history' needs a role of user or assistant and a text as content, found {item!r}")
    return HistoryTurn(role, content)


def _gold_quote(row: Row, item: Mapping[str, Any], articles: Mapping[str, Article], warnings: list[str]) -> GoldQuote:
    article_id, quote = item.get("article"), item.get("quote")
    if not isinstance(article_id, str) or article_id not in articles:
        raise row.fail(f"there is no article {article_id!r}; use an id from articles.jsonl")
    if not isinstance(quote, str) or not quote.strip():
        raise row.fail("a gold quote is empty; copy a sentence of the article")
    text = articles[article_id].text
    if quote not in text:  # written before the text was normalised
        quote = normalise(quote)
    start = item.get("start_char", text.find(quote))
    if not isinstance(start, int) or start < 0 or not text.startswith(quote, start):
        raise row.fail(
            f"the quote {_short(quote)!r} is not in article {article_id!r}{' at start_char' * ('start_char' in item)}; "
            "copy it byte for byte, with its quotation marks, dashes and spaces"
        )
    if "start_char" not in item and text.count(quote) > 1:
        warnings.append(
            f"{row.where}: {row.data.get('id')!r}: the quote {_short(quote)!r} is {text.count(quote)} times in article "
            f"{article_id!r}, and the first counts; give a longer quote or its 'start_char'"
        )
    return GoldQuote(article_id, quote, start, start + len(quote))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in ("suite.json", "articles.jsonl", "questions.jsonl"):
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()[:16]
