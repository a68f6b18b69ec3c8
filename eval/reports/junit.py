"""JUnit XML, which every CI shows: a test per question, or per gate."""

import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

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
        cases, errors, failures = [], 0, 0
        for row, scored in zip(cell.rows, cell.scored, strict=True):
            inside = ""
            if scored.outcome == "failed":
                errors += 1
                inside = f"<error message={_attribute(row.error)}/>"
            elif scored.outcome in _WRONG:
                failures += 1
                message = f"{_WRONG[scored.outcome]}: {row.question} -> {row.plain_text}"
                inside = f"<failure message={_attribute(message)}/>"
            seconds = row.timings.get("time_to_answer", 0.0)
            cases.append(_case(f"{cell.suite.name}.{cell.system}", row.question_id, inside, seconds))
        name = f"{cell.suite.name} / {cell.system}"
        suites.append(_suite(name, cases, failures=failures, errors=errors))
    return _document(suites)


def junit_of_gates(results: Sequence[GateResult]) -> str:
    """One suite, a test per gate."""
    cases = []
    for number, result in enumerate(results, start=1):
        gate = result.gate
        name = " ".join(part for part in (str(number), gate.suite, gate.metric, gate.kind) if part)
        inside = "" if result.passed else f"<failure message={_attribute(result.message)}/>"
        cases.append(_case("gates", name, inside, 0.0))
    failures = sum(not result.passed for result in results)
    return _document([_suite("gates", cases, failures=failures, errors=0)])


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text)[:2000])


def _case(group: str, name: str, inside: str, seconds: float) -> str:
    head = f'<testcase classname={_attribute(group)} name={_attribute(name)} time="{seconds:.3f}"'
    return f"{head}>{inside}</testcase>" if inside else f"{head}/>"


def _suite(name: str, cases: Sequence[str], *, failures: int, errors: int) -> str:
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    return "\n".join([f"<testsuite name={_attribute(name)} {counts}>", *cases, "</testsuite>"])


def _document(suites: Iterable[str]) -> str:
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *suites, "</testsuites>"]) + "\n"
