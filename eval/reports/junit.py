"""JUnit XML, which every CI shows: a test per question, or per gate."""

import re
from collections.abc import Sequence

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from onrecord.eval.reports.gate import GateResult
from onrecord.eval.reports.scored import ScoredRun

_WRONG = {
    "answered_wrong": "answered, but not with an accepted answer",
    "abstained_wrongly": "turned away, though the articles answer it",
}
# XML 1.0 has no place for these, escaped or not.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def junit_of_run(run: ScoredRun) -> str:
    """A suite per suite and system; a question that failed is an error, one with a wrong outcome a failure."""
    suites = []
    for cell in run.cells:
        suite = TestSuite(_text(f"{cell.suite.name} / {cell.system}"))
        for row, scored in zip(cell.rows, cell.scored, strict=True):
            seconds = round(row.timings.get("time_to_answer", 0.0), 3)
            case = TestCase(_text(row.question_id), _text(f"{cell.suite.name}.{cell.system}"), seconds)
            if scored.outcome == "failed":
                case.result = Error(_text(row.error))
            elif scored.outcome in _WRONG:
                case.result = Failure(_text(f"{_WRONG[scored.outcome]}: {row.question} -> {row.plain_text}"))
            suite.append(case)
        suites.append(suite)
    return _document(suites)


def junit_of_gates(results: Sequence[GateResult]) -> str:
    """One suite, a test per gate."""
    suite = TestSuite("gates")
    for number, result in enumerate(results, start=1):
        gate = result.gate
        case = TestCase(_text(" ".join(filter(None, (str(number), gate.suite, gate.metric, gate.kind)))), "gates", 0.0)
        if not result.passed:
            case.result = Failure(_text(result.message))
        suite.append(case)
    return _document([suite])


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)[:2000]


def _document(suites: Sequence[TestSuite]) -> str:
    document = JUnitXml()
    document.extend(suites)
    document.update_statistics()
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document.tostring().decode()}\n'
