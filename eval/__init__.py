"""The eval room: measures whether answers are grounded, and whether a change made them better.

``run_suites`` asks suites of systems and writes a row per question; ``score_run`` turns the rows into figures;
``write_report`` shows them; ``compare_rows`` says what differs between two runs beyond chance.
"""

from onrecord.eval.metrics.scoring import Summary, score_rows, summarise
from onrecord.eval.reports.compare import Comparison
from onrecord.eval.reports.compare import compare as compare_rows
from onrecord.eval.reports.report import write_report
from onrecord.eval.reports.scored import ScoredRun, score_run
from onrecord.eval.runs.runner import RunResult, RunSettings
from onrecord.eval.runs.runner import run as run_suites
from onrecord.eval.suites.loading import Question, Suite, load_suite
from onrecord.eval.suites.records import ResultRow
from onrecord.eval.suites.stored import load_stored_suite
from onrecord.eval.systems.base import System, SystemOptions
from onrecord.eval.systems.make import make_system

__all__ = [
    "Comparison",
    "Question",
    "ResultRow",
    "RunResult",
    "RunSettings",
    "ScoredRun",
    "Suite",
    "Summary",
    "System",
    "SystemOptions",
    "compare_rows",
    "load_stored_suite",
    "load_suite",
    "make_system",
    "run_suites",
    "score_rows",
    "score_run",
    "summarise",
    "write_report",
]
