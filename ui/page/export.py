"""A conversation as Markdown, HTML or JSON, with numbered references that can be pasted into an article."""

import json
from collections.abc import Sequence

from onrecord.index.inert import autolink, markdown, one_line, pasted
from onrecord.qa.records import to_dict
from onrecord.qa.render import ABSTENTION, marked, quote_text, said_text, why, with_who
from onrecord.qa.types import Answer, AnswerSentence, Citation
from onrecord.ui.desk.records import Record
from onrecord.ui.escape import bdi, e, link, named
from onrecord.ui.page.dates import day_text
from onrecord.ui.page.language import _, language, later
from onrecord.ui.page.messages import said, said_parts

FORMATS = {"Markdown": "md", "HTML": "html", "Word": "docx", "JSON": "json"}
CHANGED = {"changed": later("the article has changed since"), "gone": later("the article was removed since")}


def references(records: Sequence[Record]) -> tuple[tuple[Citation, ...], dict[tuple[str, int], int]]:
    """Every cited quote once, and its number over the whole conversation, in order of first use."""
    quotes: dict[tuple[str, int], Citation] = {}
    for record in records:
        for quote in record.answer.citations:
            quotes.setdefault(quote.place, quote)
    return tuple(quotes.values()), {place: n for n, place in enumerate(quotes, start=1)}


def stale_places(records: Sequence[Record]) -> dict[tuple[str, int], str]:
    """What became of the cited places that are no longer as they were."""
    return {(one.article_id, one.start_char): one.how for record in records for one in record.stale}


def in_place_of_sentences(record: Record) -> tuple[str, ...]:
    """What stands in place of sentences where there are none."""
    if record.error:
        return (said(record.error),)
    if record.state != "done" or record.answer.sentences or record.answer.disagreements:
        return ()
    return (abstained(record.answer),)


def abstained(answer: Answer) -> str:
    """That the articles do not say, and why."""
    return f"{said(ABSTENTION)} {said(why(answer))}"


def differ_on(about: str) -> str:
    """What stands above statements that differ; ``about`` may be empty."""
    return _("The articles differ: {about}", about=about) if about else _("The articles differ")


def facts_of(quote: Citation) -> list[str]:
    return [part for part in (quote.title, quote.source, day_text(quote.published)) if part]


def to_markdown(title: str, records: Sequence[Record]) -> str:
    (quotes, numbers), stale = references(records), stale_places(records)
    out = [f"# {markdown(title)}", ""]

    def line(item: AnswerSentence) -> str:
        note = f" *({_('partly supported')})*" if item.verdict == "partly" else ""
        return markdown(said_text(item)) + "".join(f" [{numbers[q.place]}]" for q in item.citations) + note

    for record in records:
        out += [f"## {markdown(record.question)}", ""]
        out += [" ".join(line(item) for item in record.answer.sentences), ""] if record.answer.sentences else []
        for dispute in record.answer.disagreements:
            out += [
                differ_on(markdown(said_parts(dispute.about))),
                "",
                *(f"- {line(p)}" for p in dispute.positions),
                "",
            ]
        out += [markdown(text) + "\n" for text in in_place_of_sentences(record)]
        if record.answer.missing:
            out += [f"{_('Not in the articles:')} {markdown(record.answer.missing)}", ""]
        out += [f"{_('Note:')} {markdown(said(text))}\n" for text in record.answer.warnings]
    if quotes:
        out += [f"## {_('References')}", ""]
    for quote in quotes:
        address = f" {autolink(quote.url)}" if quote.url else ""
        note = f" ({_(CHANGED[stale[quote.place]])})" if quote.place in stale else ""
        facts = ", ".join(markdown(part) for part in facts_of(quote))
        out.append(f"{numbers[quote.place]}. {facts}.{address} “{markdown(quote_text(quote))}”{note}")
    return "\n".join(out).rstrip() + "\n"


_PAGE = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title><style>'
    "body{{font:1.05rem/1.6 Georgia,serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#1c1b19}}"
    "h1,h2{{line-height:1.25}}small,.by,.who{{color:#5b5751}}blockquote{{margin:.2rem 0 1rem;padding-left:1rem;"
    "border-left:3px solid #d8d3c8}}</style></head><body><main>{body}</main></body></html>\n"
)


def to_html(title: str, records: Sequence[Record]) -> str:
    """One page that stands alone: nothing in it is loaded from anywhere."""
    (quotes, numbers), stale = references(records), stale_places(records)

    def line(item: AnswerSentence) -> str:
        marks = "".join(f'<sup><a href="#r{numbers[q.place]}">[{numbers[q.place]}]</a></sup>' for q in item.citations)
        note = f" <small>({_('partly supported')})</small>" if item.verdict == "partly" else ""
        return f'<bdi dir="auto">{named(with_who(item.text, item.citations))}</bdi>' + marks + note

    out = [f"<h1>{bdi(title)}</h1>"]
    for record in records:
        out.append(f"<h2>{bdi(record.question)}</h2>")
        answer = " ".join(line(item) for item in record.answer.sentences)
        out.append(f"<p>{answer}</p>" if answer else "")
        for dispute in record.answer.disagreements:
            rows = "".join(f"<li>{line(p)}</li>" for p in dispute.positions)
            out.append(f"<p>{differ_on(bdi(said_parts(dispute.about)) if dispute.about else '')}</p><ul>{rows}</ul>")
        out += [f"<p>{e(text)}</p>" for text in in_place_of_sentences(record)]
        missing = record.answer.missing
        out.append(f"<p>{_('Not in the articles:')} {bdi(missing)}</p>" if missing else "")
        out += [f"<p><small>{_('Note:')} {e(said(text))}</small></p>" for text in record.answer.warnings]
    rows = "".join(_reference(quote, numbers[quote.place], stale.get(quote.place, "")) for quote in quotes)
    out.append(f"<h2>{_('References')}</h2><ol>{rows}</ol>" if rows else "")
    return _PAGE.format(lang=language(), title=e(title), body="".join(out))


def _reference(quote: Citation, number: int, how: str) -> str:
    facts = ", ".join(bdi(part) for part in facts_of(quote))
    address = link(quote.url)
    where = f' <a href="{address}">{address}</a>' if address else ""
    note = f" <small>({_(CHANGED[how])})</small>" if how else ""
    text = named(with_who(quote.quote, [quote]))
    return f'<li id="r{number}">{facts}.{where}{note}<blockquote dir="auto">{text}</blockquote></li>'


def to_json(title: str, records: Sequence[Record]) -> str:
    (quotes, numbers), stale = references(records), stale_places(records)

    def line(item: AnswerSentence) -> dict[str, object]:
        return {"text": item.text, "verdict": item.verdict, "references": [numbers[q.place] for q in item.citations]}

    turns = [
        {
            "question": r.question,
            "searched": r.answer.standalone_question,
            "asked": r.asked,
            "status": r.status or r.state,
            "reason": r.answer.reason,
            "sentences": [line(item) for item in r.answer.sentences],
            "disagreements": [
                {"about": d.about, "positions": [line(p) for p in d.positions]} for d in r.answer.disagreements
            ],
            "unconfirmed": [item.text for item in r.answer.unconfirmed],
            "missing": r.answer.missing,
            "notes": list(r.answer.warnings),
            "model": r.answer.model,
        }
        for r in records
    ]
    cited = [{**to_dict(q), "number": numbers[q.place], "standing": stale.get(q.place, "unchanged")} for q in quotes]
    return json.dumps({"title": title, "turns": turns, "references": cited}, ensure_ascii=False, indent=2) + "\n"


def render(kind: str, title: str, records: Sequence[Record]) -> str:
    """The conversation in one of :data:`FORMATS` that are text."""
    match kind:
        case "HTML":
            return to_html(title, records)
        case "JSON":
            return to_json(title, records)
        case _:
            return to_markdown(title, records)


def _text(record: Record) -> str:
    """The answer with its markers, and what stands in its place, as `onrecord.qa.render.answer_text` has it."""
    if below := in_place_of_sentences(record):
        return below[0]
    answer = record.shown
    lines = [" ".join(map(marked, answer.sentences))]
    for dispute in answer.disagreements:
        lines.append(_("The articles differ on {about}:", about=said_parts(dispute.about)))
        lines += [f"- {marked(position)}" for position in dispute.positions]
    lines += [_("The articles do not say: “{question}”", question=answer.missing)] if answer.missing else []
    return "\n".join(filter(None, lines))


def for_clipboard(record: Record) -> str:
    """One answer as plain text, its references below it, each on a line of its own."""
    refs = "\n".join(
        one_line(f"[{q.number}] {', '.join(facts_of(q))}. {q.url} “{quote_text(q)}”") for q in record.citations
    )
    notes = "\n".join(one_line(f"{_('Note:')} {said(text)}") for text in record.answer.warnings)
    lead = one_line(f"“{quote_text(record.lead)}” [1]") if record.lead else ""
    return pasted("\n\n".join(filter(None, [lead, _text(record), refs, notes])))
