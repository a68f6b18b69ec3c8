"""The report's drill-down: each question with what was shown to the model, the answer, and citations against gold."""

from collections.abc import Sequence

from onrecord.eval.metrics.places import cites, covers, gold_of
from onrecord.eval.metrics.scoring import ScoredRow
from onrecord.eval.reports.scored import ScoredCell
from onrecord.eval.suites.loading import GoldQuote, Question
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, SentenceRow
from onrecord.index.inert import as_html as escape

_SAID = {
    "answered_right": "right",
    "answered_wrong": "wrong",
    "answered_unjudged": "answered, not judged",
    "abstained_rightly": "refused, rightly",
    "abstained_wrongly": "refused, wrongly",
    "retrieved": "searched",
    "failed": "failed",
}
_LONGEST = 1500  # characters of one piece of evidence that are shown
_TIMES = ("time_to_evidence", "time_to_first_token", "time_to_answer", "evaluated_tokens", "generated_tokens")


def questions_section(cells: "Sequence[ScoredCell]") -> str:
    """A filter and a line per question, which opens to what each system made of it."""
    suite = cells[0].suite
    rows = [{r.question_id: (r, s) for r, s in zip(c.rows, c.scored, strict=True)} for c in cells]
    asked = [q for q in suite.questions if any(q.id in found for found in rows)]
    items = "".join(
        _question(
            q, suite.texts, [(c.system, *found[q.id]) for c, found in zip(cells, rows, strict=True) if q.id in found]
        )
        for q in asked
    )
    kinds = "".join(f"<option>{escape(kind)}</option>" for kind in sorted({q.kind for q in asked}))
    outcomes = "".join(
        f'<option value="{place}:{name}">{escape(cell.system)}: {_SAID[name]}</option>'
        for place, cell in enumerate(cells)
        for name in sorted({one.outcome for one in cell.scored})
    )
    return f"""<h3>Questions</h3>
<div data-questions>
<div class="filters">
<label>containing<input type="search" data-by="text"></label>
<label>kind<select data-by="kind"><option value="">all</option>{kinds}</select></label>
<label>outcome<select data-by="outcome"><option value="">all</option>{outcomes}</select></label>
<span class="soft count" role="status"></span>
</div>
{items}
</div>"""


def _question(question: Question, texts: dict[str, str], answers: Sequence[tuple[str, ResultRow, ScoredRow]]) -> str:
    outcomes = " ".join(f"{place}:{scored.outcome}" for place, (_, _, scored) in enumerate(answers))
    dots = "".join(f'<i class="{s.outcome}" title="{escape(name)}: {_SAID[s.outcome]}"></i>' for name, _, s in answers)
    search = escape(" ".join([question.id, question.question, *(row.text for _, row, _ in answers)]).lower()[:4000])
    history = "".join(f"<li>{escape(turn.role)}: {escape(turn.content)}</li>" for turn in question.history)
    before = f'<h4>Earlier turns</h4><ol class="gold-list">{history}</ol>' if history else ""
    systems = "".join(_answer(question, texts, *answer) for answer in answers)
    tag = escape(question.kind) + ("" if question.answerable else " · unanswerable")
    return (
        f'<details class="question" data-kind="{escape(question.kind)}" data-outcomes="{outcomes}" '
        f'data-text="{search}">'
        f'<summary><span class="dots">{dots}</span><span class="asked">{escape(question.question)}</span>'
        f'<span class="tag">{tag} · {escape(question.id)}</span></summary>'
        f'<div class="inside">{before}{_wanted(question)}{systems}</div></details>'
    )


def _wanted(question: Question) -> str:
    if not question.answerable:
        return '<h4>Wanted</h4><p class="soft">The articles do not say.</p>'
    accepted = "  ·  ".join(escape(answer) for answer in question.answers[:8]) or "not stated"
    gold = "".join(
        f"<li>{escape(g.quote)} <span class=soft>({escape(g.article)})</span></li>" for g in gold_of(question)
    )
    places = f'<h4>Gold sentences</h4><ul class="gold-list">{gold}</ul>' if gold else ""
    return f"<h4>Wanted</h4><p>{accepted}</p>{places}"


def _answer(question: Question, texts: dict[str, str], system: str, row: ResultRow, scored: ScoredRow) -> str:
    sure = f"<span class=soft>answerability {row.answerability:.2f}" if row.answerability is not None else ""
    if sure:
        sure += f" (needs {row.threshold:.2f})</span>" if row.threshold is not None else "</span>"
    header = (
        f"<header><b>{escape(system)}</b>"
        f'<span class="outcome {scored.outcome}">{_SAID[scored.outcome]}</span>{sure}</header>'
    )
    if row.status == "failed":
        return f'<div class="system">{header}<p class="unsupported">{escape(row.error)}</p></div>'
    gold = gold_of(question)
    asked = ""
    if row.standalone_question and row.standalone_question != row.question:
        asked = f'<p class="soft">searched as: {escape(row.standalone_question)}</p>'
    said = "".join(_sentence(sentence, gold, texts) for sentence in row.shown)
    body = f'<ul class="said">{said}</ul>' if row.status == "answered" and said else f"<p>{escape(row.text)}</p>"
    return (
        f'<div class="system">{header}{asked}{body}{_shown(row.evidence, gold)}{_found(row, gold)}{_times(row)}</div>'
    )


def _sentence(sentence: SentenceRow, gold: Sequence[GoldQuote], texts: dict[str, str]) -> str:
    verdict = (
        f'<span class="verdict {escape(sentence.verdict)}">{escape(sentence.verdict)}</span>'
        if sentence.verdict
        else ""
    )
    cited = "".join(_citation(citation, gold, texts) for citation in sentence.citations)
    return f"<li>{escape(sentence.text)}{verdict}{f'<ul class=cites>{cited}</ul>' if cited else ''}</li>"


def _citation(citation: CitationRow, gold: Sequence[GoldQuote], texts: dict[str, str]) -> str:
    exact = texts.get(citation.article_id, "")[citation.start_char : citation.end_char] == citation.quote
    note = "" if exact else ' <b class="no">the quote is not in the article at this place</b>'
    mark = ""
    if gold:
        right = any(cites(citation, one) for one in gold)
        mark = f'<span class="mark {"yes" if right else "no"}">{"✓ gold" if right else "✗ not gold"}</span>'
    return f"<li>{mark}[{citation.number}] {escape(_short(citation.quote))} ({escape(citation.article_id)}){note}</li>"


def _shown(evidence: Sequence[EvidenceRow], gold: Sequence[GoldQuote]) -> str:
    if not evidence:
        return ""
    items = "".join(
        f"<li>[{piece.number}] {_marked(piece, gold)} <span class=soft>({escape(piece.article_id)})</span></li>"
        for piece in evidence
    )
    missed = sum(not any(covers(piece, one) for piece in evidence) for one in gold)
    note = f", {missed} of {len(gold)} gold sentences not among them" if missed else ""
    return (
        f'<details class="shown"><summary>shown to the model: {len(evidence)}{note}</summary><ol>{items}</ol></details>'
    )


def _marked(piece: EvidenceRow, gold: Sequence[GoldQuote]) -> str:
    """The piece's text with the gold sentences in it marked; a long one is cut."""
    hits = [g for g in gold if covers(piece, g)]
    shown = _short(piece.text)
    if not hits:
        return escape(shown)
    out, at = [], 0
    for g in sorted(hits, key=lambda g: g.start_char):
        start = max(at, g.start_char - piece.start_char)
        end = min(len(shown), g.end_char - piece.start_char)
        if start < end:
            out += [escape(shown[at:start]), f"<mark>{escape(shown[start:end])}</mark>"]
            at = end
    return "".join([*out, escape(shown[at:])])


def _found(row: ResultRow, gold: Sequence[GoldQuote]) -> str:
    if not row.retrieved or not gold:
        return ""
    ranks = [next((n for n, r in enumerate(row.retrieved, start=1) if covers(r, g)), None) for g in gold]
    text = ", ".join(f"rank {rank}" if rank else "not found" for rank in ranks)
    return f'<p class="soft">gold sentences in the search: {text} (of {len(row.retrieved)} passages)</p>'


def _times(row: ResultRow) -> str:
    items = "".join(
        f"<div><dt>{name.replace('_', ' ')}</dt><dd>{row.timings[name]:.3g}</dd></div>"
        for name in _TIMES
        if name in row.timings
    )
    return f'<dl class="times">{items}</dl>' if items else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"
