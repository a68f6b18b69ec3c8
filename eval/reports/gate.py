"""Thresholds that a run must keep, with room for chance: a figure over few questions may fall short of one by luck.

``gates.toml`` lists them. Each names a metric of the summary and one bound, and says how it is judged:

- ``value``: the figure itself must keep the bound; for what must hold without exception
- ``plausible`` (the default): fails only when the whole 95 % interval is beyond the bound, so that the truth is
- ``proven``: passes only when the whole 95 % interval keeps the bound
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from onrecord.eval.metrics.intervals import Estimate
from onrecord.eval.metrics.scoring import Group, Summary
from onrecord.index.errors import InputError

Judged = Literal["value", "plausible", "proven"]
_JUDGED: tuple[Judged, ...] = ("value", "plausible", "proven")
DEFAULT_GATES = Path(__file__).with_name("gates.toml")


@dataclass(frozen=True, slots=True)
class Gate:
    """One bound on one metric of one suite and system; ``kind`` empty means over all questions.

    ``min_n``: fewer cases than this fail, since a bound over nothing holds nothing. ``why`` is shown when it fails.
    """

    suite: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None
    judged: Judged = "plausible"
    system: str = "onrecord"
    kind: str = ""
    min_n: int = 1
    why: str = ""


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether a gate held, and in one sentence why."""

    gate: Gate
    passed: bool
    message: str
    estimate: Estimate | None = None


def load_gates(path: Path | str = DEFAULT_GATES) -> tuple[Gate, ...]:
    """The gates of a file.

    Raises:
        InputError: the file is missing, or a gate in it cannot be used; the message names file, gate and cure.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a file of gates") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not TOML ({error}); mend the file") from error
    unknown = sorted(set(data) - {"gate"})
    if unknown or not isinstance(data.get("gate"), list) or not data["gate"]:
        raise InputError(f"{path}: must hold [[gate]] tables and nothing else, found {', '.join(unknown) or 'none'}")
    return tuple(_gate(f"{path}: gate {number}", raw) for number, raw in enumerate(data["gate"], start=1))


def _gate(where: str, raw: Mapping[str, Any]) -> Gate:
    known = {field.name: field.type for field in fields(Gate)}
    unknown = sorted(set(raw) - set(known))
    if unknown:
        raise InputError(f"{where}: unknown key {', '.join(unknown)}; known keys are {', '.join(known)}")
    for name in ("suite", "metric"):
        if not isinstance(raw.get(name), str) or not raw[name]:
            raise InputError(f"{where}: {name!r} is missing; name one")
    where = f"{where} ({raw['metric']})"
    bounds = [name for name in ("at_least", "at_most") if name in raw]
    if len(bounds) != 1 or isinstance(raw[bounds[0]], bool) or not isinstance(raw[bounds[0]], int | float):
        raise InputError(f"{where}: give one number, either 'at_least' or 'at_most'")
    if raw.get("judged", "plausible") not in _JUDGED:
        raise InputError(f"{where}: 'judged' must be one of {', '.join(_JUDGED)}, found {raw['judged']!r}")
    if not isinstance(raw.get("min_n", 1), int) or raw.get("min_n", 1) < 1:
        raise InputError(f"{where}: 'min_n' must be a whole number of at least 1, found {raw['min_n']!r}")
    return Gate(**raw)


def without_exception(gates: Sequence[Gate], suite: str, system: str) -> tuple[Gate, ...]:
    """The gates for a run in which this system was asked only a few questions, of this suite.

    Shares over a few say nothing, so of its gates those stay that judge the figure itself, however few the cases.
    """
    kept = [gate for gate in gates if gate.system != system or (gate.suite, gate.judged) == (suite, "value")]
    return tuple(replace(gate, min_n=1) if gate.system == system else gate for gate in kept)


def check_gates(
    gates: Sequence[Gate], summaries: Mapping[tuple[str, str], Summary], *, require_all: bool = True
) -> tuple[GateResult, ...]:
    """Every gate against the summaries, which are keyed by (suite, system).

    A gate whose suite and system was not run fails, or is left out unless ``require_all``.
    """
    results = []
    for gate in gates:
        summary = summaries.get((gate.suite, gate.system))
        if summary is not None:
            results.append(_check(gate, summary))
        elif require_all:
            results.append(GateResult(gate, False, f"{_name(gate)}: {gate.system} was not run on {gate.suite}; run it"))
    return tuple(results)


def _check(gate: Gate, summary: Summary) -> GateResult:
    group: Group | None = summary.kinds.get(gate.kind) if gate.kind else summary.overall
    estimate = group.metrics.get(gate.metric) if group else None
    if estimate is None or estimate.n < gate.min_n:
        n = estimate.n if estimate else 0
        return GateResult(gate, False, f"{_name(gate)}: {n} cases, and the gate needs {gate.min_n}", estimate)
    passed = _keeps(gate, estimate)
    bound = f"at least {gate.at_least:g}" if gate.at_least is not None else f"at most {gate.at_most:g}"
    why = f"; {gate.why}" if gate.why and not passed else ""
    message = f"{_name(gate)}: {estimate}, {'keeps' if passed else 'breaks'} {bound} ({gate.judged}){why}"
    return GateResult(gate, passed, message, estimate)


def _keeps(gate: Gate, estimate: Estimate) -> bool:
    rounding = 1e-9
    if gate.at_least is not None:
        judged = {"value": estimate.value, "plausible": estimate.high, "proven": estimate.low}[gate.judged]
        return judged >= gate.at_least - rounding
    assert gate.at_most is not None
    judged = {"value": estimate.value, "plausible": estimate.low, "proven": estimate.high}[gate.judged]
    return judged <= gate.at_most + rounding


def _name(gate: Gate) -> str:
    return f"{gate.suite} / {gate.system} / {gate.metric}" + (f" / {gate.kind}" if gate.kind else "")
