"""The Word export: a document whose footnotes are the citations."""

import io
from dataclasses import replace
from typing import Any

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from onrecord.index.types import Sentence
from onrecord.qa.types import Answer, AnswerSentence, Citation, Disagreement
from onrecord.ui.desk.records import Record, Stale
from onrecord.ui.page.word import to_word

FIRST = Citation(
    1, Sentence("aleppo", 4, 10, 49, "He estimated 5,000 fighters."), "Aleppo *falls*", "AP", "2016-12-14",
    "https://ap.example/a?b=1&c=2", who="Rami Abdurrahman", who_at=2,
)  # fmt: skip
SECOND = Citation(2, Sentence("ferry", 0, 0, 18, "The boat sank."), "Ferry", "", "2024")
SAID = AnswerSentence("He estimated 5,000 fighters.", (FIRST,), "supported")
ANSWER = Answer("How many?", "How many?", (SAID,), status="answered")
RECORD = Record("t1", ANSWER, "done")


def opened(*records: Record) -> tuple[Any, dict[str, str]]:
    """The document, and the text of each footnote under its id."""
    document = docx.Document(io.BytesIO(to_word("My story", records)))
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES)
    notes = [note for note in parse_xml(part.blob) if note.get(qn("w:type")) is None]
    return document, {note.get(qn("w:id")): "".join(t.text for t in note.iter(qn("w:t"))) for note in notes}


def referred(document: Any) -> list[str]:
    return [one.get(qn("w:id")) for one in document.element.body.iter(qn("w:footnoteReference"))]


def test_each_footnote_has_title_source_date_address_and_quote() -> None:
    document, notes = opened(
        RECORD,
        replace(
            RECORD, id="t2", answer=replace(ANSWER, sentences=(replace(SAID, text="It sank.", citations=(SECOND,)),))
        ),
    )
    assert [notes[one] for one in referred(document)] == [
        " Aleppo *falls*, AP, 14 December 2016. https://ap.example/a?b=1&c=2 "
        "“He [Rami Abdurrahman] estimated 5,000 fighters.”",
        " Ferry, 2024. “The boat sank.”",
    ]
    assert len(notes) == 2
    said = [paragraph.text.strip() for paragraph in document.paragraphs]
    assert said == ["My story", "How many?", "He [Rami Abdurrahman] estimated 5,000 fighters.", "How many?", "It sank."]


def test_a_quote_that_is_cited_again_refers_to_its_footnote_by_number() -> None:
    both = replace(ANSWER, sentences=(SAID, AnswerSentence("It sank.", (SECOND, FIRST), "partly")))
    document, notes = opened(replace(RECORD, answer=both))
    assert len(notes) == len(referred(document)) == 2
    [field] = document.element.body.iter(qn("w:fldSimple"))
    assert field.get(qn("w:instr")).split()[:2] == ["NOTEREF", "quote1"]
    names = [one.get(qn("w:name")) for one in document.element.body.iter(qn("w:bookmarkStart"))]
    assert names == ["quote1", "quote2"]
    assert "(partly supported)" in document.paragraphs[-1].text


def test_disagreements_gaps_and_notes_are_in_it() -> None:
    answer = replace(
        ANSWER,
        sentences=(),
        disagreements=(Disagreement("the boat", (SAID,)),),
        missing="When?",
        warnings=("Careful.",),
    )
    document, notes = opened(replace(RECORD, answer=answer, stale=(Stale("aleppo", 10, "changed"),)))
    said = [paragraph.text.strip() for paragraph in document.paragraphs][2:]
    assert said == [
        "The articles differ: the boat",
        "He [Rami Abdurrahman] estimated 5,000 fighters.",
        "Not in the articles: When?",
        "Note: Careful.",
    ]
    assert [note.endswith("(the article has changed since)") for note in notes.values()] == [True]


def test_an_abstention_has_its_reason_and_no_footnote() -> None:
    silent = replace(ANSWER, sentences=(), status="abstained", reason="nothing_found")
    document, notes = opened(replace(RECORD, answer=silent))
    assert document.paragraphs[-1].text == "The articles do not say. Nothing in the articles is about this."
    assert notes == {} and referred(document) == []


@pytest.mark.parametrize("text", ["\x00\x1b[31mred", "\ufffe\uffff\ud800", "<w:p/> & ]]>", "\u202egpj.exe"])
def test_what_no_document_may_hold_is_left_out_and_marks_are_text(text: str) -> None:
    bad = replace(SAID, text=f"a{text}b", citations=(replace(FIRST, title=text, who=text),))
    document, _ = opened(replace(RECORD, answer=replace(ANSWER, question=text, sentences=(bad,))))
    assert document.paragraphs[-1].text.startswith("a") and "b" in document.paragraphs[-1].text
