"""The real embedder: both backends give the same vectors, and the light one stays light."""

import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from onrecord.index.errors import MissingExtra, ModelError, ModelMissing
from onrecord.index.models.checksums import STAMP, sha256_of
from onrecord.index.models.embedders import OnnxEmbedder, SentenceTransformersEmbedder, load_embedder
from onrecord.index.types import Embedder
from onrecord.ui.cli.main import app

TEXTS = [
    "The city closed the Old Mill Bridge on Monday.",
    "",
    "A free ferry will carry pedestrians across the Larn while the bridge is shut. " * 3,
    "“Quotes” — naïve café, 5,000 fighters, 北京, 🙂.",
    "Longer than the model reads. " * 200,
    *(f"Sentence number {n} tells of {n * 17} ships." * (n % 5 + 1) for n in range(20)),
]


@pytest.fixture(scope="module")
def onnx() -> Embedder:
    return load_embedder(backend="onnx")


@pytest.fixture(scope="module")
def reference() -> Embedder:
    return load_embedder(backend="sentence-transformers")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model, its graph made: the export takes seconds, so each test changes a copy."""
    folder = another_model(tmp_path_factory.mktemp("exported"))
    OnnxEmbedder(folder)
    return folder


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "model", ignore=shutil.ignore_patterns(STAMP)))


@pytest.mark.model
def test_onnx_gives_the_vectors_of_the_reference(onnx: Embedder, reference: Embedder) -> None:
    ours, theirs = onnx.embed_passages(TEXTS), reference.embed_passages(TEXTS)
    assert ours.shape == theirs.shape == (len(TEXTS), 384)
    assert float(np.abs(ours - theirs).max()) < 1e-5
    assert float((ours * theirs).sum(axis=1).min()) > 0.99999
    assert np.abs(onnx.embed_query(TEXTS[0]) - reference.embed_query(TEXTS[0])).max() < 1e-5
    assert onnx.fingerprint == reference.fingerprint
    assert onnx.dimension == reference.dimension == 384


@pytest.mark.model
@pytest.mark.parametrize("backend", ["onnx", "sentence-transformers"])
def test_every_backend_keeps_the_contract(backend: str, request: pytest.FixtureRequest) -> None:
    embedder: Embedder = request.getfixturevalue("onnx" if backend == "onnx" else "reference")
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)
    assert embedder.embed_query(TEXTS[0]) == pytest.approx(vectors[0], abs=1e-5)
    assert embedder.fingerprint.startswith("sha256:53aa5117")


@pytest.mark.model
def test_a_text_beyond_the_models_length_counts_by_its_beginning(onnx: Embedder) -> None:
    start = "The city closed the Old Mill Bridge on Monday. " * 40
    assert onnx.embed_query(start + "Tulips.") == pytest.approx(onnx.embed_query(start + "Harbour coins."), abs=1e-6)


@pytest.mark.model
def test_a_vector_does_not_depend_on_the_texts_beside_it(onnx: Embedder) -> None:
    alone = np.stack([onnx.embed_passages([text])[0] for text in TEXTS])
    assert float(np.abs(onnx.embed_passages(TEXTS[::-1])[::-1] - alone).max()) < 1e-5


@pytest.mark.model
def test_the_light_backend_loads_neither_torch_nor_transformers(onnx: Embedder) -> None:
    code = """
import sys, json
from onrecord.index import load_embedder
load_embedder().embed_query("Which bridge?")
print(json.dumps([m for m in ("torch", "transformers", "sentence_transformers") if m in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.model
def test_the_graph_of_another_model_is_made_once_and_gives_the_same_vectors(onnx: Embedder, exported: Path) -> None:
    (made,) = (exported / "onnx").glob("*.onnx")
    stamp = made.stat().st_mtime_ns
    again = OnnxEmbedder(exported)
    assert made.stat().st_mtime_ns == stamp
    assert [file.name for file in (exported / "onnx").iterdir() if file.suffix not in (".onnx", ".json")] == []
    assert again.fingerprint == onnx.fingerprint
    assert np.abs(again.embed_query("Which bridge?") - onnx.embed_query("Which bridge?")).max() < 1e-6


@pytest.mark.model
def test_where_no_export_can_be_made_the_reference_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = another_model(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    embedder = load_embedder(str(folder))
    assert isinstance(embedder, SentenceTransformersEmbedder)
    assert "sentence-transformers" in caplog.text
    with pytest.raises(MissingExtra, match=r"onnx is not installed here; `pip install 'onrecord\[train\]'`"):
        load_embedder(str(folder), backend="onnx")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"sentence_transformers is not .* `pip install 'onrecord\[train\]'`"):
        load_embedder(str(folder))


def test_a_model_that_is_not_here_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path))
    with pytest.raises(ModelMissing, match=r"'all-minilm-l6-v2' is not in .*onrecord models pull all-minilm-l6-v2"):
        load_embedder()


def test_an_unknown_backend_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        (folder / name).write_text("x")
    with pytest.raises(ModelError, match="'tensorflow' is unknown"):
        load_embedder(str(folder), backend="tensorflow")  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["onnx", "sentence-transformers"])
def test_a_damaged_model_is_plain_errors(tmp_path: Path, backend: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (folder / name).write_text("not a model")
    with pytest.raises(ModelError, match="pull it again"):
        load_embedder(str(folder), backend=backend)  # type: ignore[arg-type]


@pytest.mark.model
def test_a_model_whose_files_are_links_is_loaded(onnx: Embedder, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(
        _real_folder(), folder, copy_function=os.symlink, ignore=shutil.ignore_patterns("onnx", STAMP, ".lock")
    )
    linked = load_embedder(str(folder), backend="onnx")
    assert np.abs(linked.embed_query("Which bridge?") - onnx.embed_query("Which bridge?")).max() < 1e-6


@pytest.mark.model
def test_a_model_whose_weights_have_another_name_behind_a_link_needs_no_other_library(
    onnx: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a hub's cache has them: each file a link to one that is named by its checksum."""
    (tmp_path / "blobs").mkdir()

    def as_the_hub_does(source: str, target: str) -> None:
        blob = tmp_path / "blobs" / sha256_of(Path(source))
        if not blob.exists():
            shutil.copyfile(source, blob)
        Path(target).symlink_to(blob)

    folder = tmp_path / "model"
    ignored = shutil.ignore_patterns("onnx", STAMP, ".lock")
    shutil.copytree(_real_folder(), folder, copy_function=as_the_hub_does, ignore=ignored)
    for library in ("onnx", "torch", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, library, None)
    linked = load_embedder(str(folder))
    assert linked.fingerprint == onnx.fingerprint
    assert np.abs(linked.embed_query("Which bridge?") - onnx.embed_query("Which bridge?")).max() < 1e-6


def another_model(tmp_path: Path) -> Path:
    """A folder with the same weights, but settings of its own: no graph for them comes with OnRecord."""
    folder = tmp_path / "model"
    shutil.copytree(_real_folder(), folder, ignore=shutil.ignore_patterns("onnx", STAMP))
    config = folder / "config.json"
    config.write_text(config.read_text() + "\n")
    return folder


def _real_folder() -> Path:
    from onrecord.index.models.embedders import _model_folder

    return _model_folder("all-minilm-l6-v2")


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder of the test's own, with a copy of the default embedder."""
    folder = tmp_path / "models" / "all-minilm-l6-v2"
    shutil.copytree(_real_folder(), folder, ignore=shutil.ignore_patterns("onnx", STAMP))
    monkeypatch.setenv("ONRECORD_MODELS", str(folder.parent))
    return folder


def alter(file: Path) -> None:
    """Other bytes of the same length and the same time of change."""
    stat, data = file.stat(), bytearray(file.read_bytes())
    data[-40:-20] = bytes(byte ^ 1 for byte in data[-40:-20])
    file.write_bytes(data)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.model
@pytest.mark.slow
def test_add_and_search_refuse_altered_files(own_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The command line takes the log over; afterwards it is as it was.
    monkeypatch.setattr(logging.getLogger("onrecord"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("onrecord"), "propagate", True)
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--data", str(tmp_path / "data")])

    article, another = tmp_path / "one.txt", tmp_path / "two.txt"
    article.write_text("The Old Mill Bridge in Larnville was closed on Monday.")
    another.write_text("A free ferry will carry pedestrians across the Larn.")
    for arguments in (["add", str(article)], ["search", "bridge"]):
        assert run(*arguments).exit_code == 0
    assert not (own_models / "onnx").exists()
    alter(own_models / "tokenizer.json")
    for arguments in (["add", str(another)], ["search", "bridge"]):
        refused = run(*arguments)
        assert refused.exit_code == 1
        said = " ".join(refused.stderr.split())
        assert f"{own_models / 'tokenizer.json'} is damaged: its bytes are not those of the catalogue" in said
        assert "onrecord models pull all-minilm-l6-v2" in said


@pytest.mark.model
def test_an_altered_graph_is_made_anew(copied: Path, caplog: pytest.LogCaptureFixture) -> None:
    (graph,) = (copied / "onnx").glob("*.onnx")
    alter(graph)
    altered = sha256_of(graph)
    OnnxEmbedder(copied)
    assert "made anew" in caplog.text
    assert sha256_of(graph) != altered


@pytest.mark.model
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "1_Pooling/config.json", "vocab.txt"])
def test_a_model_of_the_catalogue_with_other_bytes_than_the_publishers_is_refused(own_models: Path, name: str) -> None:
    alter(own_models / name)
    with pytest.raises(ModelError, match=rf"{name} is damaged.*onrecord models pull all-minilm-l6-v2"):
        load_embedder()


@pytest.mark.model
def test_a_folder_of_the_catalogues_name_elsewhere_is_not_taken_for_it(
    own_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path / "nothing"))
    monkeypatch.chdir(own_models.parent)
    with pytest.raises(ModelMissing):
        load_embedder()


@pytest.mark.model
def test_an_export_made_from_other_settings_of_the_same_weights_is_made_anew(
    copied: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = copied / "config.json"
    config.write_text(config.read_text() + "\n")
    OnnxEmbedder(copied)
    assert "made anew" in caplog.text
    caplog.clear()
    OnnxEmbedder(copied)
    assert caplog.text == ""
