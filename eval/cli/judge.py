"""The commands that judge: two runs, gates, the grounding verifier, and the fit of the abstention decision."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from onrecord.eval.cli.options import Embedder, Model, Replies, Sample, Seed
from onrecord.eval.runs.progress import say
from onrecord.index import inert
from onrecord.index.errors import InputError

if TYPE_CHECKING:
    from onrecord.qa.judges.verify import Verifier

    # By name, each with the least score of a supported claim, by how many sentences its source has.
    Judges = dict[str, tuple[Verifier, Callable[[int], float]]]

Item = TypeVar("Item")
_HERE = Path(__file__).resolve().parents[1]
_GATED = ("seeds", "poisoned")


def compare(
    before: Annotated[Path, typer.Argument(help="The run before.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="The run after.", show_default=False)],
    system: Annotated[str, typer.Option(help="This system only; default: every one that both runs have.")] = "",
    after_system: Annotated[str, typer.Option(help="Compare with this system of the later run instead.")] = "",
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Paired differences of two runs, per metric and kind, with the questions that flipped; exit 1 on a real loss."""
    from onrecord.eval.reports.compare import compare as compare_rows
    from onrecord.eval.reports.compare_text import comparison_text, paired_cells
    from onrecord.eval.reports.scored import score_run

    pairs = paired_cells(score_run(before), score_run(after), system=system, after_system=after_system or system)
    found = {name: compare_rows(one.scored, other.scored, seed=seed) for name, one, other in pairs}
    if as_json:
        say(inert.as_json({name: asdict(c) for name, c in found.items()}, indent=1))
    else:
        for name, comparison in found.items():
            say(comparison_text(name, comparison))
    if any(comparison.significant_losses for comparison in found.values()):
        raise typer.Exit(1)


def gate(
    folder: Annotated[Path | None, typer.Argument(help="A run; without one, seeds and poisoned are run.")] = None,
    gates: Annotated[Path | None, typer.Option(help="Thresholds; default: those that come with OnRecord.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="Questions per suite that the model is asked; 0 asks all.")] = 75,
    quick: Annotated[
        bool, typer.Option("--quick", help="The model on seeds alone, held only to what has no exception.")
    ] = False,
    seed: Seed = 0,
    junit: Annotated[Path | None, typer.Option(help="Write the outcome as JUnit XML too.")] = None,
    only_run: Annotated[bool, typer.Option("--only-run", help="Leave out gates of suites that were not run.")] = False,
) -> None:
    """Hold a run against thresholds with margins for its size; exit 1 when one is not kept.

    Without a run, every question is answered with quotes alone, and a sample of them with the model.
    """
    from onrecord.eval.reports.gate import DEFAULT_GATES, check_gates, load_gates, without_exception
    from onrecord.eval.reports.junit import junit_of_gates
    from onrecord.eval.reports.scored import score_run

    thresholds = load_gates(gates or DEFAULT_GATES)
    if quick:
        thresholds = without_exception(thresholds, "seeds", "onrecord")
    with tempfile.TemporaryDirectory(prefix="onrecord-gate-") as scratch:
        runs = [folder] if folder else _run_for_gates(Path(scratch), sample, seed, ("seeds",) if quick else _GATED)
        cells = [cell for run in runs for cell in score_run(run).cells]
    results = check_gates(thresholds, {(c.suite.name, c.system): c.summary for c in cells}, require_all=not only_run)
    for result in results:
        say(f"{'kept  ' if result.passed else 'BROKEN'}  {result.message}")
    if junit is not None:
        junit.write_text(junit_of_gates(results), encoding="utf-8")
    if not all(result.passed for result in results):
        raise typer.Exit(1)


def grounding(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of claims and sources, or of minimal pairs; default: the pairs that come along."),
    ] = None,
    model: Model = "qwen2.5-coder-1.5b",
    no_model: Annotated[bool, typer.Option("--no-model", help="The word features alone.")] = False,
    sample: Sample = 0,
    seed: Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How well the verifier tells supported claims from others, beside ROUGE-2, in one run."""
    from onrecord.eval.fitting.minimal_pairs import CONTRAST_PAIRS, holds_pairs
    from onrecord.qa.engines.load import load_engine
    from onrecord.qa.judges.verify import EngineVerifier, FeatureVerifier, is_adapted, shipped_fit, supported_from

    engine = None if no_model else load_engine(model)
    verifiers: Judges = {"features": (FeatureVerifier(), supported_from)}
    if engine is not None:
        # The adapter's word counts alike whether a claim is compared with a sentence or with a page.
        alike = (lambda sentences: shipped_fit().supported) if is_adapted(engine) else supported_from
        verifiers["features + model"] = (EngineVerifier(engine), alike)
    everything = {}
    for file in files or [CONTRAST_PAIRS]:
        judged = _pair_reports if holds_pairs(file) else _claim_reports
        everything[file.stem], lines = judged(file, verifiers, sample, seed)
        if not as_json:
            say("\n".join(lines))
    if as_json:
        say(inert.as_json(everything, indent=1))
    if engine is not None:
        engine.close()


def _claim_reports(file: Path, verifiers: "Judges", sample: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """The reports on a file of claims, the baseline first, as data and as lines."""
    from onrecord.eval.fitting.grounding import evaluate_baseline, evaluate_verifier
    from onrecord.eval.suites.loading import load_grounding

    items = _sampled(load_grounding(file), sample, seed)
    reports = {"ROUGE-2": evaluate_baseline(items, seed=seed)}
    for name, (verifier, threshold) in verifiers.items():
        reports[name] = evaluate_verifier(items, verifier, threshold=threshold, seed=seed)
    lines = [f"{file.stem}, n = {len(items)}"]
    for name, report in reports.items():
        evidence = f"   evidence F1 {report.evidence_f1}" if report.evidence_f1 else ""
        lines.append(f"  {name:18} ROC-AUC {report.roc_auc}   balanced {report.balanced_accuracy}{evidence}")
    return {name: asdict(report) for name, report in reports.items()}, lines


def _pair_reports(file: Path, verifiers: "Judges", sample: int, seed: int) -> tuple[dict[str, Any], list[str]]:
    """The reports on a file of minimal pairs, the baseline first, as data and as lines."""
    from onrecord.eval.fitting.minimal_pairs import evaluate_pairs, evaluate_pairs_by_copying, load_pairs, pair_lines

    pairs = _sampled(load_pairs(file), sample, seed)
    reports = {"ROUGE-2": evaluate_pairs_by_copying(pairs, seed=seed)}
    for name, (verifier, threshold) in verifiers.items():
        reports[name] = evaluate_pairs(pairs, verifier, threshold=threshold, seed=seed)
    lines = [f"{file.stem}, {len(pairs)} pairs"]
    for name, report in reports.items():
        lines += pair_lines(name, report)
    return {name: asdict(report) for name, report in reports.items()}, lines


def _sampled(items: Sequence[Item], sample: int, seed: int) -> Sequence[Item]:
    import random

    return random.Random(seed).sample(items, sample) if 0 < sample < len(items) else items


def calibrate(
    suites: Annotated[list[Path], typer.Argument(help="Dev suites to fit on.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="File to write; default: what the assistant reads.")] = None,
    sample: Sample = 0,
    seed: Seed = 0,
    model: Model = "qwen2.5-coder-1.5b",
    embedder: Embedder = "all-minilm-l6-v2",
    no_model: Annotated[bool, typer.Option("--no-model", help="Fit the decision that holds without a model.")] = False,
    replies: Replies = None,
) -> None:
    """Fit the abstention decision on dev suites and write it with its provenance."""
    from datetime import UTC, datetime

    from onrecord.eval.cli.observe import observations
    from onrecord.eval.fitting.calibrate import fit, write_calibration
    from onrecord.eval.runs.machine import git_commit

    observed, names = observations(
        suites, sample=sample, seed=seed, model="" if no_model else model, embedder=embedder, replies=replies
    )
    fitted = fit(observed, seed=seed)
    path = out or _HERE.parent / "qa" / "steps" / "answerability.json"
    if not path.exists():
        raise InputError(f"{path}: is not there; copy the calibration that comes with OnRecord and name the copy")
    provenance = {
        "suites": names,
        "questions": len(observed),
        "seed": seed,
        "model": "" if no_model else Path(model).stem if model.lower().endswith(".gguf") else model,
        "embedder": embedder,
        "commit": git_commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    write_calibration(path, fitted, with_model=not no_model, provenance=provenance)
    say(
        f"n = {fitted.n}, held-out ROC-AUC {fitted.roc_auc:.3f}, balanced accuracy {fitted.balanced_accuracy:.3f}, "
        f"thresholds {fitted.thresholds}"
    )
    say(f"Wrote {path}.")


def _run_for_gates(folder: Path, sample: int, seed: int, suites: Sequence[str]) -> list[Path]:
    """Asks every question without a model, and a sample of ``suites`` with it; the folders of the two runs."""
    from rich.console import Console

    from onrecord.eval.runs.progress import progress_for
    from onrecord.eval.runs.runner import RunSettings, run
    from onrecord.eval.systems.base import SystemOptions, default_index_folder

    asked = (("onrecord-no-model", _GATED, None), ("onrecord", suites, sample or None))
    for system, names, size in asked:
        result = run(
            [_HERE / name for name in names],
            [system],
            out=folder / system,
            settings=RunSettings(sample=size, seed=seed),
            options=SystemOptions(index_folder=default_index_folder()),
            progress=progress_for(Console(stderr=True)),
        )
        if result.refused:
            raise InputError("; ".join(result.refused))
    return [folder / system for system, _, _ in asked]


def names(
    suites: Annotated[list[Path], typer.Argument(help="The folders of realtimeqa-dev and newsqa-dev.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How well people, places, organisations and quantities are found, in 300 sentences that a reader marked."""
    from onrecord.eval.names.measure import FINDERS, marked, measure
    from onrecord.index.extras import require
    from onrecord.qa.names.tagger import EXTRA

    require(EXTRA)
    sentences = marked(suites)
    found = {name: measure(sentences, finder) for name, finder in FINDERS.items()}
    if as_json:
        say(
            inert.as_json({name: {kind: asdict(t) for kind, t in own.items()} for name, own in found.items()}, indent=1)
        )
        return
    say(f"{len(sentences)} sentences; precision, recall, F1 to the character, and by overlap")
    for name, own in found.items():
        for kind, tally in own.items():
            exact, rough = (" ".join(f"{one:.2f}" for one in rates) for rates in (tally.exactly, tally.roughly))
            say(f"{name:12} {kind:13} {tally.marked:4} marked {tally.found:4} found   {exact}   {rough}")


def asked(
    model: Model = "qwen2.5-coder-1.5b",
    no_model: Annotated[bool, typer.Option("--no-model", help="Follow-ups alone, completed by no model.")] = False,
    test: Annotated[bool, typer.Option("--test", help="The half that nothing was chosen from.")] = False,
    errors: Annotated[bool, typer.Option("--errors", help="List what was read otherwise.")] = False,
) -> None:
    """How questions are read: those that ask several things taken apart, follow-ups completed."""
    from onrecord.eval.asked.measure import TEST, follow_ups, parts, tally
    from onrecord.qa.engines.load import load_engine
    from onrecord.qa.steps.trace import Model as Metered
    from onrecord.qa.steps.trace import Trace

    rows = TEST if test else slice(None)
    reader = None if no_model else Metered(load_engine(model, context_tokens=2048), Trace())
    found = {"follow-ups": follow_ups(reader, rows)} | ({"parts": parts(reader, rows)} if reader else {})
    for name, readings in found.items():
        counts = tally(readings)
        say(
            f"{name:10} {counts.read} of {counts.leaning} read rightly; "
            f"{counts.left_alone} of {counts.others} others left as they were"
        )
        for one in readings if errors else ():
            if not one.right:
                say(f"  {one.question}\n    read:   {' | '.join(one.read)}\n    wanted: {' | '.join(one.wanted)}")
