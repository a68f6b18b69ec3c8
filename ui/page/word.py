"""A conversation as a Word document: every citation is a footnote, which Word numbers and moves with its sentence."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.oxml import serialize_part_xml
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from onrecord.index.inert import one_line
from onrecord.qa.render import with_who
from onrecord.qa.types import AnswerSentence, Citation
from onrecord.ui.desk.records import Record
from onrecord.ui.page.export import CHANGED, differ_on, facts_of, in_place_of_sentences, stale_places
from onrecord.ui.page.language import _
from onrecord.ui.page.messages import said, said_parts

_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
_SEPARATORS = {0: "w:separator", 1: "w:continuationSeparator"}  # the footnotes that Word draws the lines from
_NOT_IN_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_GREY = RGBColor(0x5B, 0x57, 0x51)


def to_word(title: str, records: Sequence[Record]) -> bytes:
    """The file. Nothing in it is a link, a field of another file or a macro."""
    return _Writer(records).written(title)


def _element(tag: str, *children: Any, **attributes: object) -> Any:
    element = OxmlElement(tag, {qn(f"w:{name}"): str(value) for name, value in attributes.items()})
    for child in children:
        element.append(child)
    return element


def _shown(text: str) -> str:
    return _NOT_IN_XML.sub("", one_line(text))


def _add_quote(paragraph: Paragraph, text: str, citations: Sequence[Citation]) -> None:
    """Adds a text in which what this program adds looks different."""
    before, who, rest = with_who(one_line(text), citations)
    paragraph.add_run(_shown(before))
    if who:
        paragraph.add_run(f" {_shown(who)}").font.color.rgb = _GREY
    paragraph.add_run(_NOT_IN_XML.sub("", rest))


class _Writer:
    """A document and the footnotes that it has so far."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records, self._stale = records, stale_places(records)
        self._document: Document = docx.Document()
        self._numbers: dict[tuple[str, int], int] = {}
        self._notes = OxmlElement("w:footnotes")
        for number, tag in _SEPARATORS.items():
            line = _element("w:p", _element("w:r", _element(tag)))
            self._notes.append(_element("w:footnote", line, id=number, type=tag[2:]))

    def written(self, title: str) -> bytes:
        document, about = self._document, self._document.core_properties
        about.title, about.author, about.comments = _shown(title)[:255], "OnRecord", ""
        about.created = about.modified = datetime.now(UTC)
        document.add_heading(_shown(title), 0)
        for record in self._records:
            self._add(record)
        self._add_notes()
        file = io.BytesIO()
        document.save(file)
        return file.getvalue()

    def _add(self, record: Record) -> None:
        answer, document = record.answer, self._document
        document.add_heading(_shown(record.question), 1)
        if answer.sentences:
            paragraph = document.add_paragraph()
            for sentence in answer.sentences:
                self._say(paragraph, sentence)
        for dispute in answer.disagreements:
            document.add_paragraph(differ_on(_shown(said_parts(dispute.about))))
            for position in dispute.positions:
                self._say(document.add_paragraph(style="List Bullet"), position)
        below = [*in_place_of_sentences(record)]
        below += [f"{_('Not in the articles:')} {answer.missing}"] if answer.missing else []
        for text in (*below, *(f"{_('Note:')} {said(warning)}" for warning in answer.warnings)):
            document.add_paragraph(_shown(text))

    def _say(self, paragraph: Paragraph, sentence: AnswerSentence) -> None:
        """One sentence with its footnotes; one that stands already is referred to by its number."""
        _add_quote(paragraph, sentence.text, sentence.citations)
        for nth, citation in enumerate(sentence.citations):
            if nth:
                paragraph.add_run(",").font.superscript = True
            place = paragraph.add_run()
            place.font.superscript = True
            if citation.place in self._numbers:
                self._refer(place, self._numbers[citation.place])
            else:
                self._numbers[citation.place] = len(self._numbers) + 1
                self._note(place, citation)
        if sentence.verdict == "partly":
            paragraph.add_run(f" ({_('partly supported')})").italic = True
        paragraph.add_run(" ")

    def _note(self, place: Run, citation: Citation) -> None:
        number = self._numbers[citation.place]
        marked = {"id": number}
        place._r.append(_element("w:footnoteReference", id=number + len(_SEPARATORS) - 1))
        place._r.addprevious(_element("w:bookmarkStart", **marked, name=f"quote{number}"))
        place._r.addnext(_element("w:bookmarkEnd", **marked))
        note = Paragraph(OxmlElement("w:p"), self._document._body)
        mark = note.add_run()
        mark._r.append(OxmlElement("w:footnoteRef"))
        mark.font.superscript = True
        note.add_run(f" {_shown(', '.join(facts_of(citation)))}. {_shown(citation.url)}".rstrip() + " “")
        _add_quote(note, citation.quote, [citation])
        how = self._stale.get(citation.place)
        note.add_run(f"” ({_(CHANGED[how])})" if how else "”")
        for run in note.runs:
            run.font.size = Pt(9)
        self._notes.append(_element("w:footnote", note._p, id=number + len(_SEPARATORS) - 1))

    def _refer(self, place: Run, number: int) -> None:
        """The number of an earlier footnote, which Word keeps right when footnotes are added or taken away."""
        place.text = str(number)
        field = _element("w:fldSimple", instr=f" NOTEREF quote{number} \\h ")
        place._r.addprevious(field)
        field.append(place._r)

    def _add_notes(self) -> None:
        part = self._document.part
        name = PackURI("/word/footnotes.xml")
        part.relate_to(Part(name, _KIND, serialize_part_xml(self._notes), part.package), RELATIONSHIP_TYPE.FOOTNOTES)
        lines = _element("w:footnotePr", *(_element("w:footnote", id=number) for number in _SEPARATORS))
        settings = self._document.settings.element
        before = next((one for one in settings if one.tag in (qn("w:endnotePr"), qn("w:compat"))), None)
        settings.append(lines) if before is None else before.addprevious(lines)
