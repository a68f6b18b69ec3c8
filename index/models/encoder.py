"""Texts, or pairs of texts, through an ONNX graph: the one file that knows onnxruntime."""

import mmap
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
BATCH = 4  # measured: on two cores larger batches lose more to padding than they gain


class OnnxEncoder:
    """A graph that reads tokens and gives one row per text: batches of like length, one thread each, one per core.

    ``weights``: the file of the weights that the graph names, where it does not hold them. ``batch``: of how many
    texts. ``threads``: at most so many at once. Raises whatever onnxruntime and tokenizers raise for a damaged file.
    """

    def __init__(
        self,
        graph: bytes,
        tokenizer: Path,
        *,
        longest: int,
        weights: Path | None = None,
        batch: int = BATCH,
        threads: int | None = None,
    ) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        # One thread per run and several runs at once: 1.4 times the throughput of two threads on one run, and a
        # single short query is twice as fast, since no thread waits for another.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        with _weights(weights, options) if weights else nullcontext():
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(longest, strategy="longest_first")
        self._tokenizer.no_padding()
        self._segments = "token_type_ids" in {put.name for put in self._session.get_inputs()}
        self._batch = batch
        self._pool = ThreadPoolExecutor(threads or _cores(), thread_name_prefix="encode")
        self.width = int(self._session.get_outputs()[0].shape[1])

    def one(self, text: str) -> Rows:
        """The row of one text, shape ``(width,)``, in this thread."""
        encoding = self._tokenizer.encode(text)
        row: Rows = self._run([(encoding.ids, encoding.type_ids)])[0]
        return row

    def __call__(self, texts: Sequence[str] | Sequence[tuple[str, str]]) -> Rows:
        """Rows of shape ``(len(texts), width)``."""
        read = [(encoding.ids, encoding.type_ids) for encoding in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(read)), key=lambda n: -len(read[n][0]))  # longest first: little padding, no long tail
        batches = [order[n : n + self._batch] for n in range(0, len(order), self._batch)]
        rows = np.empty((len(read), self.width), dtype=np.float32)
        found = self._pool.map(lambda batch: self._run([read[n] for n in batch]), batches)
        for batch, part in zip(batches, found, strict=True):
            rows[batch] = part
        return rows

    def _run(self, read: list[tuple[list[int], list[int]]]) -> Rows:
        tokens = np.zeros((len(read), max(len(ids) for ids, _ in read)), dtype=np.int64)
        mask, segments = np.zeros_like(tokens), np.zeros_like(tokens)
        for row, (ids, types) in enumerate(read):
            tokens[row, : len(ids)] = ids
            segments[row, : len(ids)] = types
            mask[row, : len(ids)] = 1
        fed = {"input_ids": tokens, "attention_mask": mask} | ({"token_type_ids": segments} if self._segments else {})
        rows: Rows = self._session.run(None, fed)[0]
        return rows


@contextmanager
def _weights(file: Path, options: Any) -> Iterator[None]:
    """Where the session that is made inside finds the weights that its graph names.

    onnxruntime follows no link out of the folder that it is given, so that is the real file's. Where that one has
    another name (in a hub's cache: its checksum) it is given by its bytes, which are in memory twice from then on.
    """
    real = file.resolve()
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(real.parent))
    if real.name == file.name:
        yield
        return
    with real.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        options.add_external_initializers_from_files_in_memory([file.name], [data], [len(data)])
        yield


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
