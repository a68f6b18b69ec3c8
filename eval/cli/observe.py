"""The signals that the abstention decision is fitted on, over several suites."""

from collections.abc import Sequence
from pathlib import Path

from onrecord.eval.fitting.calibrate import Observation, observe
from onrecord.eval.runs.progress import say
from onrecord.eval.suites.sampling import stratified_sample
from onrecord.eval.suites.stored import load_stored_suite
from onrecord.eval.systems.base import SystemOptions, default_index_folder
from onrecord.eval.systems.own import load_options, open_library
from onrecord.eval.systems.replies import KeptReplies
from onrecord.qa.engines.base import Engine
from onrecord.qa.engines.load import load_engine


def observations(
    suites: Sequence[Path], *, sample: int, seed: int, model: str, embedder: str, replies: Path | None = None
) -> tuple[list[Observation], dict[str, str]]:
    """Every sampled question's signals, and the suites' fingerprints by name. ``model`` empty: without one."""
    options = SystemOptions(index_folder=default_index_folder(), model=model or "none", embedder=embedder)
    settings = load_options(options).answer
    engine: Engine | None = load_engine(model) if model else None
    if engine is not None and replies is not None:
        engine = KeptReplies(engine, replies)
    found: list[Observation] = []
    names = {}
    try:
        for folder in suites:
            suite = load_stored_suite(folder)
            names[suite.name] = suite.fingerprint
            questions = stratified_sample(suite.questions, sample or None, seed=seed)
            say(f"{suite.name}: {len(questions)} questions", err=True)
            with open_library(options, suite) as library:
                found += observe(library, engine, questions, suite=suite.name, settings=settings, on_progress=_progress)
    finally:
        if engine is not None:
            engine.close()
    return found, names


def _progress(done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        say(f"  {done} of {total}", err=True)
