"""A small encoder of the package: one logit per pair of texts, run by onnxruntime."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from onrecord.index.models.encoder import OnnxEncoder

Logits = npt.NDArray[np.float32]
GRAPH, TOKENIZER = "model.onnx", "tokenizer.json"


class PairEncoder:
    """The encoder in a folder; of a pair it reads ``longest`` tokens. Safe to use from several threads."""

    def __init__(self, folder: Path, *, longest: int) -> None:
        graph = (folder / GRAPH).read_bytes()
        # One at a time: eight-bit sums are scaled by all that is in a batch, and a logit is to be the pair's own.
        self._encode = OnnxEncoder(graph, folder / TOKENIZER, longest=longest, batch=1)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> Logits:
        """One logit per pair, shape ``(n,)``; above 0 rather yes than no."""
        return self._encode(pairs)[:, 0] if pairs else np.zeros(0, dtype=np.float32)
