"""The curve of growth over small sizes, with the seeds' words: what is measured, not how fast it is."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.eval.speed import growth
from onrecord.eval.suites.types import Suite
from onrecord.index.types import Article
from tests.conftest import FakeEmbedder


def test_made_articles_are_the_same_for_the_same_number_and_have_the_vocabulary_of_real_ones(
    articles: tuple[Article, ...],
) -> None:
    texts = growth.Texts(articles)
    one = texts.article(7)
    assert one == growth.Texts(articles).article(7) != texts.article(8)
    words = {word.casefold() for article in articles for word in article.text.replace(".", " ").split()}
    assert len(one.text.split(". ")) > growth.SENTENCES - 1
    assert sum(word.casefold().strip(".,") in words for word in one.text.split()) / len(one.text.split()) > 0.9


def test_made_vectors_lie_around_real_ones_and_differ_as_those_do() -> None:
    rng = np.random.default_rng(5)
    flat = rng.normal(size=(60, 64)) * (np.arange(64) < 10)  # real ones that differ in ten directions only
    real = np.asarray(flat / np.linalg.norm(flat, axis=1, keepdims=True), dtype=np.float32)
    made = growth.Made(FakeEmbedder(), real)
    vectors = made.embed_passages([f"made {n}" for n in range(200)])
    assert vectors.shape == (200, 64) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert not vectors[:, 10:].any()
    nearest = (vectors @ real.T).max(axis=1)
    assert 0.75 < float(np.median(nearest)) < 0.99 and (nearest > 0.9999).mean() < 0.1
    assert np.array_equal(vectors, made.embed_passages([f"made {n}" for n in range(200)]))


def test_the_curve_has_a_column_for_each_size_and_an_earlier_run_is_gone_on_with(
    tmp_path: Path, articles: tuple[Article, ...], embedder: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("onrecord.index.load_embedder", lambda *_, **__: embedder)
    monkeypatch.setattr(growth, "_probe", lambda folder, questions: growth._measured(folder, questions))
    monkeypatch.setattr(growth, "BATCH", 2)
    monkeypatch.setattr(growth, "SINGLES", 1)
    suite = Suite("small", Path(), articles, ())
    monkeypatch.setattr(growth, "_questions", lambda _: ["Who closed the bridge?", "What do repairs cost?"])
    sizes = list(growth.grow(suite, tmp_path, [40, 20]))
    assert [one.passages >= least for one, least in zip(sizes, (20, 40), strict=True)] == [True, True]
    assert sizes[1].articles > sizes[0].articles and all(one.p95_ms > 0 and one.recall == 1.0 for one in sizes)
    assert json.loads(growth.growth_json(sizes))[1]["passages"] == sizes[1].passages
    assert growth.growth_table(sizes).splitlines()[0] == "| | goal | | |"
    monkeypatch.setattr(embedder, "embed_passages", None)  # what was made before is not embedded again
    (again,) = growth.grow(suite, tmp_path, [20])
    assert again.articles == sizes[1].articles + 1
