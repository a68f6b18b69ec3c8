"""The benchmark of adding by workers, without a cluster: what is measured beside what."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onrecord.eval.speed import workers
from onrecord.eval.speed.workers import Meter, Spread, measure_workers
from onrecord.eval.suites.loading import Suite
from onrecord.index.library import Library
from onrecord.index.types import Article


def test_shares_are_of_the_bare_encoders_throughput() -> None:
    made = Spread(
        "a folder", 2, 100, 1000, added=800, starting=10.0, adding=20.0, bare=20.0, adding_cpu=50.0, bare_cpu=50.0
    )
    assert made.share == pytest.approx(0.8) and made.cpu_share == pytest.approx(0.8)
    assert made.whole_share == pytest.approx(20 / 30)
    assert json.loads(made.to_json())["share"] == made.share
    assert "40.0 passages/s, 0.80 of the bare encoders'" in made.text()


def test_the_same_passages_are_embedded_bare_and_by_the_workers(
    articles: tuple[Article, ...], monkeypatch: pytest.MonkeyPatch, embedder: Any
) -> None:
    bare: list[str] = []

    def embedded(texts: list[str], number: int, meter: Meter) -> tuple[float, float]:
        bare.extend(texts)
        return 1.0, 2.0

    def added(self: Library, paths: list[Path], whose: object, *, on_progress: Any) -> object:
        return self.add_paths(paths, on_progress=on_progress)

    monkeypatch.setattr(workers, "_bare", embedded)
    monkeypatch.setattr(Library, "add_by_workers", added)
    monkeypatch.setattr("onrecord.index.library.load_embedder", lambda *_, **__: embedder)
    made = measure_workers(Suite("small", Path(), articles, ()), 30, 2)
    assert sorted(embedder.embedded) == sorted(bare) and made.passages == len(bare)
    assert (made.articles, made.bare, made.bare_cpu) == (30, 2.0, 4.0)
    assert 0 < made.added < made.passages and made.adding > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is told of other processes")
def test_processor_seconds_are_those_of_ended_children_too() -> None:
    busy = "import time\nwhile time.process_time() < 1.0: pass"
    with Meter() as meter:
        before = meter.seconds()
        subprocess.run([sys.executable, "-c", busy], check=True)
        assert 0.5 < meter.seconds() - before < 5
