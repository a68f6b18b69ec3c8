"""The model that writes: which there are on this machine, what each costs, and changing from one to another."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onrecord.index.errors import InputError
from onrecord.index.models.catalogue import ModelEntry, catalogue, readable
from onrecord.qa.engines.base import Engine
from onrecord.qa.settings import NO_MODEL, ModelSettings
from onrecord.qa.steps.check import not_calibrated

CONFIGURED = ""  # the name under which the settings' own model is chosen
_COUNT = re.compile(r"-(\d+(?:\.\d+)?)([bm])(?=-|$)", re.IGNORECASE)

Load = Callable[[str], Engine | None]  # takes the name of a choice; an `OnRecordError` says why it cannot be loaded


@dataclass(frozen=True, slots=True)
class Choice:
    """One model that can be chosen: its name, and a line that says what it costs."""

    name: str
    label: str


def parameters(name: str) -> str:
    """How many parameters a model has, as its name tells.

    >>> parameters("qwen2.5-coder-1.5b"), parameters("smollm2-135m"), parameters("mine")
    ('1.5 billion parameters', '135 million parameters', '')
    """
    found = _COUNT.search(name)
    return f"{found[1]} {'billion' if found[2].lower() == 'b' else 'million'} parameters" if found else ""


def _cost(entry: ModelEntry) -> str:
    fitted = "not calibrated" if not_calibrated(entry.name) else ""
    return ", ".join(part for part in (entry.size, parameters(entry.name), fitted) if part)


def _configured(settings: ModelSettings) -> str:
    """What the settings' own model is and costs."""
    if settings.url:
        return f"{settings.name} on {settings.url}"
    if settings.name == NO_MODEL:
        return "no model, sentences quoted from the articles"
    for entry in catalogue():
        if entry.name == settings.name:
            return f"{entry.name}, {_cost(entry) if entry.here else 'not downloaded yet, so quotes only'}"
    path = Path(settings.name).expanduser()
    size = [readable(path.stat().st_size)] if path.is_file() else []
    return ", ".join([path.stem, *size, *filter(None, [parameters(path.stem)])])


class Writer:
    """The model of every open collection. ``load`` makes the engine of a choice; ``engine`` None answers by quoting.

    It changes nothing by itself while a question is under way: `Collections.write_with` sees to that.
    """

    def __init__(self, settings: ModelSettings, engine: Engine | None, load: Load) -> None:
        self.settings, self.engine, self.chosen = settings, engine, CONFIGURED
        self._load = load

    def choices(self) -> tuple[Choice, ...]:
        """The configured model, the catalogue's that are downloaded, and none."""
        here = [e for e in catalogue() if e.kind == "generator" and e.here and e.name != self.settings.name]
        none = [] if self.settings.name == NO_MODEL else [Choice(NO_MODEL, "None: quotes only, at once")]
        first = Choice(CONFIGURED, f"As configured: {_configured(self.settings)}")
        return (first, *(Choice(e.name, f"{e.name}, {_cost(e)}; {e.about}") for e in here), *none)

    def load(self, name: str) -> Engine | None:
        """The engine of a choice. It writes once it is taken; until then, and after an error, the one before does."""
        if name not in {choice.name for choice in self.choices()}:
            raise InputError(f"The model “{name}” cannot be chosen here; reload the page to see which can.")
        return None if name == NO_MODEL else self._load(name)

    def take(self, name: str, engine: Engine | None) -> Engine | None:
        """From now on ``engine`` writes. Gives the one before it, to be closed once no assistant has it."""
        before, self.engine, self.chosen = self.engine, engine, name
        return before

    @property
    def said(self) -> str:
        """Who writes from now on."""
        if not self.engine:
            return "Answers are quotes from the articles now."
        return f"{self.engine.name} writes the answers now. {not_calibrated(self.engine.name)}".strip()

    def close(self) -> None:
        """Frees the model; a second call does nothing."""
        if self.engine is not None:
            self.engine.close()
