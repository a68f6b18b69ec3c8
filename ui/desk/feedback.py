"""What people say about answers: kept beside conversations, given out as a suite that ``onrecord eval`` can run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from onrecord.ui.desk.conversations import Conversations
from onrecord.ui.desk.forgetting import ArticleLookup, Case, case_without_removed
from onrecord.ui.desk.records import Record

Kind = Literal["right", "wrong_answer", "wrong_citation"]


@dataclass(frozen=True, slots=True)
class Suite:
    """The rows of a suite's two files. The articles are those that the answers were made from: it stands alone."""

    questions: Sequence[dict[str, Any]]
    articles: Sequence[dict[str, Any]]


class Feedback:
    """That of a collection, in the file of its conversations: a deleted one takes along what was said of its answers.

    A removal of articles leaves nothing that rests on them.
    """

    def __init__(self, kept: Conversations, lookup: Callable[[], ArticleLookup]) -> None:
        self._kept, self._lookup = kept, lookup

    def keep(
        self,
        owner: str,
        conversation: str,
        record: Record,
        kind: Kind,
        note: str = "",
        history: Sequence[tuple[str, str]] = (),
    ) -> None:
        """A verdict on an answer of a conversation, in place of an earlier one.

        A right answer becomes its own reference; after a wrong one the note is what it should have said. Nothing is
        kept of an answer that rests on what no article says any longer.
        """
        with self._kept.changing(taking=True):
            self._kept.execute("DELETE FROM feedback WHERE id=?", (record.id,))
            case = case_without_removed(_case(conversation, record, kind, note, history), self._lookup())
            if case is not None:
                self._kept.execute(
                    "INSERT INTO feedback (id, owner, conversation, said) VALUES (?,?,?,?)",
                    (record.id, owner, conversation, json.dumps(case, ensure_ascii=False)),
                )

    def suite(self) -> Suite:
        """All that was said, whoever said it, in the order in which it was said."""
        lookup = self._lookup()
        rows = self._kept.execute("SELECT said FROM feedback ORDER BY rowid")
        cases: list[Case] = [json.loads(said) for (said,) in rows]
        ids = dict.fromkeys(key for case in cases for key in case.pop("articles"))
        found = [article for key in ids if (article := lookup.article(key)) is not None]
        facts = ("id", "title", "text", "source", "published", "url")
        return Suite(cases, [{name: getattr(article, name) for name in facts} for article in found])


def _case(conversation: str, record: Record, kind: Kind, note: str, history: Sequence[tuple[str, str]]) -> Case:
    """A question of a suite, and in ``articles`` the ids of those that its answer was made from."""
    cited = [{"article": q.article_id, "quote": q.quote} for q in record.answer.citations]
    said = " ".join(one.text for one in record.answer.sentences)
    right = kind == "right"
    answered = record.status == "answered"
    case: Case = {
        "id": record.id,
        "question": record.question,
        "answerable": answered if right else bool(note) or not answered,
        "answers": [said] if right and answered else [note] if note else [],
        "evidence": cited if right else [],
        "kind": "feedback",
        "verdict": kind,
        "note": note,
        "got": {
            "answer": record.answer_text,
            "cited": cited,
            "model": record.answer.model,
            "conversation": conversation,
        },
    }
    if history:
        case["history"] = [{"role": role, "content": content} for role, content in history]
    seen = (*(q.article_id for q in record.answer.evidence), *(hit.article_id for hit in record.found))
    return {**case, "articles": list(dict.fromkeys(seen))}
