"""The ONNX graph of an embedding model, by torch: the one file that knows torch (the extra ``train``).

The graph holds no weights: it says where in ``model.safetensors`` each one is, so it is small and can be shipped. Those
of the catalogue's models are in ``graphs/`` beside this file, made by
``embedders.make_graph(model_path(NAME), SHIPPED)``.
"""

import json
import warnings
from pathlib import Path
from typing import Any

from onrecord.index.extras import named_extra

WEIGHTS = "model.safetensors"
_WRAPPED = "encoder."  # how the weights' names begin in a module that holds the model


def export(folder: Path, target: Path, *, first_token: bool) -> None:
    """Writes the model, its pooling and the normalisation as one graph in float32; raises `MissingExtra`."""
    with named_extra():
        import onnx
        import torch
        from transformers import AutoModel
        from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    encoder = AutoModel.from_pretrained(folder, attn_implementation="eager", local_files_only=True).eval().float()

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
            do_constant_folding=False,  # a folded weight is no longer the one in the model's file
        )
    graph = onnx.load(target)
    _refer_to_weights(graph, folder / WEIGHTS)
    target.write_bytes(graph.SerializeToString())


def _refer_to_weights(model: Any, weights: Path) -> None:
    """Takes each weight that is in the model's file as it is out of the graph, and says there where it is."""
    from onnx import TensorProto

    with weights.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        stored = json.loads(file.read(size))
    for tensor in model.graph.initializer:
        place = stored.get(tensor.name.removeprefix(_WRAPPED))
        if place and place["dtype"] == "F32" and tensor.data_type == TensorProto.FLOAT:
            first, last = place["data_offsets"]
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", WEIGHTS), ("offset", 8 + size + first), ("length", last - first)):
                tensor.external_data.add(key=key, value=str(value))
