"""Texts to unit vectors: the one file that knows onnxruntime and sentence-transformers.

Both backends run the very same weights. ONNX in float32 is the default: on one core it is more than twice as fast and
loads neither torch nor transformers. The ONNX file is exported once from the model's own weights and kept beside them;
sentence-transformers is the reference, and what runs where the export cannot be made.
"""

import hashlib
import json
import logging
import os
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from onrecord.index.errors import ModelError, ModelMissing
from onrecord.index.models.catalogue import catalogue, model_path, models_folder
from onrecord.index.models.checksums import checksums, sha256_of
from onrecord.index.settings import Backend
from onrecord.index.types import Embedder, Vectors

WEIGHTS = "model.safetensors"
MADE_FROM = (WEIGHTS, "config.json", "1_Pooling/config.json")  # what the exported graph depends on
EXPORT_VERSION = 1  # of the exported graph; a new one makes a new file
BATCH = 4  # measured: on two cores larger batches lose more to padding than they gain

log = logging.getLogger(__name__)


def load_embedder(model: str = "all-minilm-l6-v2", *, backend: Backend = "auto") -> Embedder:
    """The embedder of this catalogue name or model folder.

    ``auto`` takes ONNX and, where that cannot be made on this machine, sentence-transformers.
    Raises ``ModelMissing`` when the model is not here and ``ModelError`` when its files are damaged, or are not the
    bytes of the catalogue's publisher.
    """
    folder = _model_folder(model)
    match backend:
        case "onnx":
            return OnnxEmbedder(folder)
        case "sentence-transformers":
            return SentenceTransformersEmbedder(folder)
        case "auto":
            try:
                return OnnxEmbedder(folder)
            except (ImportError, ModelError) as error:
                log.warning("The embedder runs on sentence-transformers, as its ONNX file is not here: %s", error)
                return SentenceTransformersEmbedder(folder)
    raise ModelError(f"The embedder backend {backend!r} is unknown; use auto, onnx or sentence-transformers.")


class OnnxEmbedder:
    """The model in onnxruntime: batches of like length, one thread each, one batch per core at a time."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.fingerprint = _fingerprint(folder)
        options = onnxruntime.SessionOptions()
        # One thread per run and several runs at once: 1.4 times the throughput of two threads on one run, and a
        # single short query is twice as fast, since no thread waits for another.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(_onnx_file(folder, self.fingerprint)), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except ImportError:
            raise
        except Exception as error:  # torch and both libraries raise bare ones for a damaged file
            raise ModelError(f"The embedding model in {folder} cannot be loaded ({error}); pull it again.") from error
        self._tokenizer.enable_truncation(_longest(folder))
        self._tokenizer.no_padding()
        self._pool = ThreadPoolExecutor(_cores(), thread_name_prefix="embed")
        self.dimension = int(self._session.get_outputs()[0].shape[1])

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._run([self._tokenizer.encode(text).ids])[0]
        return vector

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))  # longest first: little padding, no long tail
        batches = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        found = self._pool.map(lambda batch: self._run([ids[i] for i in batch]), batches)
        for batch, part in zip(batches, found, strict=True):
            vectors[batch] = part
        return vectors

    def _run(self, ids: list[list[int]]) -> Vectors:
        tokens = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, sequence in enumerate(ids):
            tokens[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        vectors: Vectors = self._session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]
        return vectors


class SentenceTransformersEmbedder:
    """The model in sentence-transformers: the reference that the ONNX file is held to."""

    def __init__(self, folder: Path) -> None:
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


def _onnx_file(folder: Path, fingerprint: str) -> Path:
    """The exported graph of exactly these weights; made now when it is not there, or not as it was when it was made.

    Beside it stands what it was made from, and its own sha256.
    """
    key = hashlib.sha256(f"{EXPORT_VERSION} {fingerprint}".encode()).hexdigest()[:12]
    name = f"onnx/model-{key}.onnx"
    file, note = folder / name, folder / f"onnx/model-{key}.json"
    sources = checksums(folder, MADE_FROM)
    if file.is_file() and _json(note) == {**sources, **checksums(folder, [name])}:
        return file
    if file.is_file():
        log.warning("%s is not the file that was made from the model here, so it is made anew.", file)
    file.parent.mkdir(exist_ok=True)
    temporary = file.with_suffix(f".{os.getpid()}.part")
    try:
        _export(folder, temporary)
        made = {**sources, name: sha256_of(temporary)}
        temporary.replace(file)
        _write(note, json.dumps(made).encode())
    finally:
        temporary.unlink(missing_ok=True)
    return file


def _export(folder: Path, target: Path) -> None:
    """Writes the model, its pooling and the normalisation as one ONNX graph in float32."""
    import onnx  # noqa: F401  torch's exporter needs it: say so before the model is loaded
    import torch
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    encoder = AutoModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True).eval().float()
    first_token = _pooling(folder) == "cls"

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            weights = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(states[:, 0] if first_token else mean, p=2, dim=1)

    tokens = torch.randint(5, 1000, (2, 7))
    axes = {0: "batch", 1: "length"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of branches that do not depend on the input
        torch.onnx.export(
            Pooled(),
            (tokens, torch.ones_like(tokens)),
            str(target),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
