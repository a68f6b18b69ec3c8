"""A small cross-encoder over pairs of texts: trained by sentence-transformers, resumable, exported with eight bits."""

import random
import shutil
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onrecord.index.models.catalogue import model_path
from onrecord.qa.judges.pair_encoder import GRAPH, TOKENIZER

BASE = "all-minilm-l6-v2"
BATCH, RATE, WARM_UP = 32, 1e-4, 0.1
SAVED_EVERY = 150  # batches


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that are read together. ``label``: 1 or 0, what is asked of them."""

    first: str
    second: str
    label: float


def train(examples: Sequence[Pair], work: Path, *, longest: int, epochs: float, seed: int) -> None:
    """Trains, or goes on where an earlier run stopped; the model lies in ``work/model`` afterwards.

    ``longest``: tokens of a pair that are read.
    """
    from datasets import Dataset
    from sentence_transformers.cross_encoder import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
    from torch import cuda
    from torch.utils.data import BatchSampler, SequentialSampler

    encoder = CrossEncoder(str(model_path(BASE)), num_labels=1, max_length=longest, local_files_only=True)
    # The vectors of words stay as they are: half of the weights, which the sentences here would bend to themselves.
    encoder.model.get_input_embeddings().weight.requires_grad_(False)

    class InOrder(CrossEncoderTrainer):
        """Batches are made beforehand, of sentences of like length."""

        def get_batch_sampler(
            self,
            dataset: Any,
            batch_size: int,
            drop_last: bool,
            valid_label_columns: list[str] | None = None,
            generator: Any = None,
            seed: int = 0,
        ) -> Any:
            return BatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=drop_last)

    arguments = CrossEncoderTrainingArguments(
        output_dir=str(work),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        warmup_steps=WARM_UP,
        weight_decay=0.01,
        bf16=_bf16(),
        use_cpu=not cuda.is_available(),
        seed=seed,
        save_steps=SAVED_EVERY,
        save_total_limit=2,
        logging_steps=25,
        report_to="none",
        disable_tqdm=True,
    )
    table = Dataset.from_dict(
        {
            "first": [one.first for one in examples],
            "second": [one.second for one in examples],
            "label": [one.label for one in examples],
        }
    )
    trainer = InOrder(model=encoder, args=arguments, train_dataset=table, loss=BinaryCrossEntropyLoss(encoder))
    trainer.train(resume_from_checkpoint=any(work.glob("checkpoint-*")))
    encoder.save_pretrained(str(work / "model"))


def _bf16() -> bool:
    """Whether numbers of 16 bits are faster here: on processors without instructions for them, ten times slower."""
    from torch import cpu, cuda

    return (cuda.is_available() and cuda.is_bf16_supported()) or cpu._is_avx512_bf16_supported()


def of_like_length(examples: Sequence[Pair], rng: random.Random) -> list[Pair]:
    """The examples in an order whose batches hold texts of like length, the batches by chance."""
    chunk, ordered = BATCH * 64, []
    for start in range(0, len(examples), chunk):
        part = sorted(examples[start : start + chunk], key=lambda one: len(one.first) + len(one.second))
        batches = [part[n : n + BATCH] for n in range(0, len(part), BATCH)]
        rng.shuffle(batches)
        ordered += [one for batch in batches for one in batch]
    return ordered


def export(trained: Path, folder: Path) -> None:
    """The trained model as a graph with weights of eight bits, and its tokenizer, in ``folder``."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(trained, attn_implementation="eager").eval().float()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    tokens = torch.randint(5, 1000, (2, 7))
    folder.mkdir(parents=True, exist_ok=True)
    exact = folder / "exact.onnx"
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of branches that do not depend on the input
        torch.onnx.export(
            model,
            (tokens, torch.ones_like(tokens), torch.zeros_like(tokens)),
            str(exact),
            input_names=names,
            output_names=["logit"],
            dynamic_axes={**{name: {0: "batch", 1: "length"} for name in names}, "logit": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    # Unsigned weights: on processors without VNNI the sums of signed ones overflow.
    quantize_dynamic(exact, folder / GRAPH, weight_type=QuantType.QUInt8)
    exact.unlink()
    shutil.copyfile(trained / TOKENIZER, folder / TOKENIZER)
