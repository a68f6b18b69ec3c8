"""Texts to unit vectors, by onnxruntime or by sentence-transformers.

Both backends run the very same weights. ONNX in float32 is the default: on one core it is more than twice as fast and
needs neither torch nor transformers. It runs a small graph that names the model's own weights: that of a model of the
catalogue comes with OnRecord, that of another folder is made once and kept there, which needs the extra ``train``.
sentence-transformers is the reference, and what runs where the graph cannot be made.
"""

import hashlib
import json
import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.index.errors import MissingExtra, ModelError, ModelMissing
from onrecord.index.extras import named_extra
from onrecord.index.models.catalogue import catalogue, model_path, models_folder
from onrecord.index.models.checksums import checksums, sha256_of
from onrecord.index.models.encoder import OnnxEncoder
from onrecord.index.models.export import WEIGHTS, export
from onrecord.index.settings import Backend
from onrecord.index.types import Embedder, Vectors

MADE_FROM = (WEIGHTS, "config.json", "1_Pooling/config.json")  # what the graph depends on
EXPORT_VERSION = 2  # of the graph; a new one makes a new file
SHIPPED = Path(__file__).with_name("graphs")

log = logging.getLogger(__name__)


def load_embedder(
    model: str = "all-minilm-l6-v2", *, backend: Backend = "auto", threads: int | None = None
) -> Embedder:
    """The embedder of this catalogue name or model folder.

    ``auto`` takes ONNX and, where that cannot be made on this machine, sentence-transformers. ``threads``: on so many
    cores, with ONNX; None: on all.
    Raises ``ModelMissing`` when the model is not here and ``ModelError`` when its files are damaged, or are not the
    bytes of the catalogue's publisher.
    """
    folder = _model_folder(model)
    match backend:
        case "onnx":
            return OnnxEmbedder(folder, threads=threads)
        case "sentence-transformers":
            return SentenceTransformersEmbedder(folder)
        case "auto":
            try:
                return OnnxEmbedder(folder, threads=threads)
            except (MissingExtra, ModelError) as error:
                log.warning("The embedder runs on sentence-transformers, as its ONNX graph is not here: %s", error)
                return SentenceTransformersEmbedder(folder)
    raise ModelError(f"The embedder backend {backend!r} is unknown; use auto, onnx or sentence-transformers.")


class OnnxEmbedder:
    """The model in onnxruntime."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        self.fingerprint = _fingerprint(folder)
        try:
            graph = _graph_file(folder, self.fingerprint).read_bytes()
            self._encode = OnnxEncoder(
                graph,
                folder / "tokenizer.json",
                longest=_longest(folder),
                weights=folder / WEIGHTS,
                threads=threads,
            )
        except ImportError:
            raise
        except Exception as error:  # torch and both libraries raise bare ones for a damaged file
            raise ModelError(f"The embedding model in {folder} cannot be loaded ({error}); pull it again.") from error
        self.dimension = self._encode.width

    def embed_query(self, text: str) -> Vectors:
        return self._encode.one(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)


class SentenceTransformersEmbedder:
    """The model in sentence-transformers: the reference that the ONNX file is held to."""

    def __init__(self, folder: Path) -> None:
        with named_extra():
            from sentence_transformers import SentenceTransformer

        self.fingerprint = _fingerprint(folder)
        try:
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        except Exception as error:  # it raises whatever the file's reader raises
            raise ModelError(f"The embedding model in {folder} cannot be loaded ({error}); pull it again.") from error
        self._lock = threading.Lock()
        self.dimension = self.embed_query("dimension").shape[0]

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed_passages([text])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


def _model_folder(model: str) -> Path:
    """The folder of a catalogue name, its bytes being the publisher's, or the folder that ``model`` itself names."""
    cache = models_folder()
    known = model in {entry.name for entry in catalogue() if entry.kind == "embedder"}
    for folder in (cache / model,) if known else (cache / model, Path(model).expanduser()):
        if (folder / WEIGHTS).is_file() and (folder / "tokenizer.json").is_file():
            return model_path(model) if known else folder
    raise ModelMissing(f"The embedding model {model!r} is not in {cache}; run `onrecord models pull {model}`.")


def _longest(folder: Path) -> int:
    """How many tokens the model reads; the rest of a longer text is not seen."""
    return int(_json(folder / "sentence_bert_config.json").get("max_seq_length", 256))


def _pooling(folder: Path) -> str:
    config = _json(folder / "1_Pooling" / "config.json")
    return "cls" if config.get("pooling_mode_cls_token") or config.get("pooling_mode") == "cls" else "mean"


def _fingerprint(folder: Path) -> str:
    """The weights' sha256, the pooling and the length: alike for both backends, as their vectors are."""
    return f"sha256:{checksums(folder, [WEIGHTS])[WEIGHTS]} {_pooling(folder)} {_longest(folder)}"


def _graph_file(folder: Path, fingerprint: str) -> Path:
    """The graph of exactly these weights: the one that comes with OnRecord, else that in the folder, made if need be.

    Beside each is a note of what it was made from, and of its own sha256.
    """
    name = _graph_name(fingerprint)
    sources = checksums(folder, MADE_FROM)
    own = folder / "onnx"
    for file in (SHIPPED / name, own / name):
        if file.is_file() and _json(file.with_suffix(".json")) == {**sources, name: sha256_of(file)}:
            return file
    if (own / name).is_file():
        log.warning("%s is not the file that was made from the model here, so it is made anew.", own / name)
    return make_graph(folder, own)


def make_graph(folder: Path, into: Path) -> Path:
    """Makes the graph of the model in ``folder``, with its note; raises `MissingExtra` where torch is not installed."""
    name = _graph_name(_fingerprint(folder))
    file = into / name
    into.mkdir(exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.part")
    try:
        export(folder, temporary, first_token=_pooling(folder) == "cls")
        made = {**checksums(folder, MADE_FROM), name: sha256_of(temporary)}
        temporary.replace(file)
        _write(file.with_suffix(".json"), (json.dumps(made, indent=2) + "\n").encode())
    finally:
        temporary.unlink(missing_ok=True)
    return file


def _graph_name(fingerprint: str) -> str:
    return f"graph-{hashlib.sha256(f'{EXPORT_VERSION} {fingerprint}'.encode()).hexdigest()[:12]}.onnx"


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _write(file: Path, data: bytes) -> None:
    temporary = file.with_suffix(f".{os.getpid()}.part")
    temporary.write_bytes(data)
    temporary.replace(file)
