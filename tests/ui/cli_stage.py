"""The command line in a folder of its own, over a real library with the fake embedder and a fake engine."""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner, Result

from onrecord.index.library import Library
from onrecord.index.types import Article
from onrecord.qa.settings import Settings
from onrecord.ui.cli import opening as cli_open
from onrecord.ui.cli.main import app
from tests.conftest import ARTICLES, FakeEmbedder, FakeEngine, fill

COMMAND = cache(typer.main.get_command)  # every command's options are looked up in it: once, not for each run


@dataclass
class Stage:
    """``engine`` None: as if no model had been pulled."""

    folder: Path
    engine: FakeEngine | None = None
    required: bool = False  # whether the last command asked for a model by name

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The one JSON document that the command prints; its exit code must be ``code``."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    def library(self) -> Library:
        return Library(self.data, embedder=FakeEmbedder())

    def fill(self, *articles: Article) -> None:
        fill(self.data, FakeEmbedder(), articles or ARTICLES)


def staged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage whose commands see only ``folder``: no settings, models or data of the person who runs it."""
    stage = Stage(folder)
    for name in [name for name in os.environ if name.startswith("ONRECORD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ONRECORD_DATA", str(stage.data))
    # The calibrated thresholds are for the real embedder's cosines; the fake one's are lower.
    monkeypatch.setenv("ONRECORD_ANSWER_STRICTNESS", "lenient")
    monkeypatch.setenv("ONRECORD_MODELS", str(folder / "models"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(typer.testing, "_get_command", COMMAND)

    def library(settings: Settings) -> Library:
        return Library(settings.data, embedder=FakeEmbedder(), settings=settings.index, fetch=settings.fetch)

    def engine(settings: Settings, *, required: bool) -> FakeEngine | None:
        stage.required = required
        return None if settings.model.name == "none" else stage.engine

    monkeypatch.setattr(cli_open, "open_library", library)
    monkeypatch.setattr(cli_open, "open_engine", engine)
    return stage
