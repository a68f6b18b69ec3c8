"""The signals that the abstention decision is fitted on, over several suites."""

from collections.abc import Sequence
from pathlib import Path

from onrecord.eval.calibrate import Observation, ObservedAssistant, observe
from onrecord.eval.own_systems import load_options, open_library
from onrecord.eval.progress import say
from onrecord.eval.replies import KeptReplies
from onrecord.eval.sampling import stratified_sample
from onrecord.eval.stored import load_stored_suite
from onrecord.eval.systems import SystemOptions, default_index_folder
from onrecord.qa.engines import Engine, load_engine


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
                assistant = ObservedAssistant(library, engine, settings)
                found += observe(assistant, questions, suite=suite.name, on_progress=_told)
    finally:
        if engine is not None:
            engine.close()
    return found, names


def _told(done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        say(f"  {done} of {total}", err=True)
