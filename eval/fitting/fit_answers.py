"""Trains the judge of answers: ``python -m onrecord.eval.fitting.fit_answers QUESTIONS.jsonl.gz``.

QUESTIONS has ``source, question, text, answerable, answers, spans`` a line (spans: half-open ranges of characters in
``text``). From each question come pairs of it and a sentence with the one before: the sentence that holds the answer,
those that hold none of it but most of the question's words, and the answering sentence under a question whose name,
year or number was exchanged, so that the words alone do not tell. Base: the default embedder. Resumable: the state of
the training is kept in ``--work`` and taken up again.
"""

import argparse
import gzip
import json
import random
import re
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onrecord.index.models.catalogue import model_path
from onrecord.index.text.sentences import sentence_spans
from onrecord.qa.judges import answers
from onrecord.qa.judges.answers import GRAPH, MOST_TOKENS, TOKENIZER, framed

JUDGE = Path(answers.__file__).with_name("answer_judge")
BASE = "all-minilm-l6-v2"
# The share of each source's questions that is used: most where it is like news or its negatives are clean.
SHARES = {
    "squad2-train": 1.0, "repliqa": 1.0, "musique": 0.15, "nq": 0.4, "squadshifts-new_wiki": 0.3,
    "squadshifts-reddit": 0.08, "squadshifts-amazon_reviews": 0.02, "fairytaleqa": 0.1, "qadiscourse-wikinews": 0.4,
    "qadiscourse-wikipedia": 0.1, "selqa": 0.6, "nq-open": 0.3, "qed": 1.0, "quoref": 0.5, "nqg-sentences": 0.1,
}  # fmt: skip
NEGATIVES = {"repliqa": 4, "selqa": 3}  # sentences of the same text beside the answering one; of others two
EXCHANGED = 0.3  # the share of answering sentences that come again under an exchanged question
ELSEWHERE = 0.12  # the share of questions that come with a sentence of another text of the source
COVERED = 0.6  # the share of a free answer's words that a sentence has to hold to count as answering
BATCH, RATE, WARM_UP = 32, 1e-4, 0.1
EPOCHS = 0.8  # an hour of two cores
SAVED_EVERY = 150  # batches

_WORD = re.compile(r"\w{4,}")
_NAME = re.compile(r"\b[A-Z][a-zà-ÿ]+(?:\s(?:of\s)?[A-Z][a-zà-ÿ]+)*")
_YEAR = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b")
_NUMBER = re.compile(r"\b\d{1,3}\b")
_OPENING = frozenset(
    "Who What When Where Why How Which In On At The A An Is Are Was Were Did Do Does For From Of To By".split()
)


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and what is read beside it. ``label`` 1: it answers."""

    question: str
    text: str
    label: float


def pairs(rows: Sequence[dict[str, Any]], rng: random.Random) -> Iterator[Pair]:
    """The pairs of all rows, source by source in the order given."""
    texts = [sentences(row["text"]) for row in rows]
    by_source: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        by_source.setdefault(row["source"], []).append(number)
    for row, parts in zip(rows, texts, strict=True):
        answering = answering_sentences(row, parts)
        if row["answerable"] and not answering:
            continue
        for index in answering[:2]:
            yield Pair(row["question"], _framed(parts, index), 1.0)
        if answering and rng.random() < EXCHANGED:
            other = exchanged(row["question"], row["text"], rng)
            if other:
                yield Pair(other, _framed(parts, answering[0]), 0.0)
        free = [n for n, (_, _, text) in enumerate(parts) if n not in answering and not _holds(text, row["answers"])]
        for index in _hardest(row["question"], parts, free, NEGATIVES.get(row["source"], 2), rng):
            yield Pair(row["question"], _framed(parts, index), 0.0)
        if rng.random() < ELSEWHERE:
            other_text = texts[rng.choice(by_source[row["source"]])]
            if other_text and other_text is not parts:
                yield Pair(row["question"], _framed(other_text, rng.randrange(len(other_text))), 0.0)


def sentences(text: str) -> list[tuple[int, int, str]]:
    """(start, end, text) of each sentence."""
    return [(start, end, text[start:end]) for start, end in sentence_spans(text)]


def answering_sentences(row: dict[str, Any], parts: Sequence[tuple[int, int, str]]) -> list[int]:
    """Which sentences hold the answer: those of its spans, else the one that holds most words of a free answer."""
    if not row["answerable"] or not row["answers"]:
        return []
    if row["spans"]:
        starts = [start for start, _ in row["spans"][:3]]
        return [n for n, (first, last, _) in enumerate(parts) if any(first <= start < last for start in starts)]
    wanted = {word.lower() for word in _WORD.findall(row["answers"][0])} - {
        word.lower() for word in _WORD.findall(row["question"])
    }
    if not wanted or row.get("yes_no") is not None:
        return []
    shares = [len(wanted & {word.lower() for word in _WORD.findall(text)}) / len(wanted) for _, _, text in parts]
    best = max(range(len(parts)), key=lambda n: shares[n], default=0)
    return [best] if shares and shares[best] >= COVERED else []


def exchanged(question: str, text: str, rng: random.Random) -> str:
    """The question about another year, number or name, one of the same text; "" where it has none.

    >>> exchanged("Who won Wimbledon in 2013?", "", random.Random(0)) != "Who won Wimbledon in 2013?"
    True
    """
    kinds = []
    if year := _YEAR.search(question):
        kinds.append((year, str(int(year[0]) + rng.choice([-9, -4, -2, -1, 1, 2, 4, 9]))))
    elif number := _NUMBER.search(question):
        kinds.append((number, str(max(1, int(number[0]) + rng.choice([-7, -3, -2, -1, 1, 2, 5, 10])))))
    names = [m for m in _NAME.finditer(question) if m[0] not in _OPENING and m.start() > 0]
    others = [m[0] for m in _NAME.finditer(text) if m[0] not in _OPENING and m[0] not in question]
    if names and others:
        kinds.append((rng.choice(names), rng.choice(others)))
    if not kinds:
        return ""
    place, new = rng.choice(kinds)
    return question[: place.start()] + new + question[place.end() :]


def _framed(parts: Sequence[tuple[int, int, str]], index: int) -> str:
    return framed(parts[index][2], parts[index - 1][2] if index else "")


def _holds(text: str, answers: Sequence[str]) -> bool:
    return any(answer.lower() in text.lower() for answer in answers)


def _hardest(
    question: str, parts: Sequence[tuple[int, int, str]], free: Sequence[int], count: int, rng: random.Random
) -> list[int]:
    """The free sentence with most of the question's words, and others by chance."""
    asked = {word.lower() for word in _WORD.findall(question)}
    ranked = sorted(
        free, key=lambda n: -len(asked & {word.lower() for word in _WORD.findall(parts[n][2])}) - rng.random()
    )
    half = (count + 1) // 2
    return ranked[:half] + rng.sample(ranked[half:], min(len(ranked) - half, count - half) if len(ranked) > half else 0)


def read(path: Path, *, share: float, seed: int) -> list[dict[str, Any]]:
    """The rows that are trained on, shuffled; ``share`` of them, for a trial."""
    rng = random.Random(seed)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    kept = [row for row in rows if rng.random() < share * SHARES.get(row["source"], 0.0)]
    rng.shuffle(kept)
    return kept


def train(examples: Sequence[Pair], work: Path, *, seed: int) -> None:
    """Trains, or goes on where an earlier run stopped; the model lies in ``work/model`` afterwards."""
    from datasets import Dataset
    from sentence_transformers.cross_encoder import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
    from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss
    from torch import cuda
    from torch.utils.data import BatchSampler, SequentialSampler

    encoder = CrossEncoder(str(model_path(BASE)), num_labels=1, max_length=MOST_TOKENS, local_files_only=True)
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
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        warmup_steps=WARM_UP,
        weight_decay=0.01,
        bf16=bf16(),
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
            "question": [one.question for one in examples],
            "text": [one.text for one in examples],
            "label": [one.label for one in examples],
        }
    )
    trainer = InOrder(model=encoder, args=arguments, train_dataset=table, loss=BinaryCrossEntropyLoss(encoder))
    trainer.train(resume_from_checkpoint=any(work.glob("checkpoint-*")))
    encoder.save_pretrained(str(work / "model"))


def bf16() -> bool:
    """Whether numbers of 16 bits are faster here: on processors without instructions for them, ten times slower."""
    from torch import cpu, cuda

    return (cuda.is_available() and cuda.is_bf16_supported()) or cpu._is_avx512_bf16_supported()


def of_like_length(examples: Sequence[Pair], rng: random.Random) -> list[Pair]:
    """The examples in an order whose batches hold texts of like length, the batches by chance."""
    chunk, ordered = BATCH * 64, []
    for start in range(0, len(examples), chunk):
        part = sorted(examples[start : start + chunk], key=lambda one: len(one.question) + len(one.text))
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


def main() -> None:
    """Pairs, training, export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="gzipped JSON Lines of questions")
    parser.add_argument("--work", type=Path, default=Path("runs/answers"), help="where the training's state is kept")
    parser.add_argument("--out", type=Path, default=JUDGE, help="where the judge is written")
    parser.add_argument("--share", type=float, default=1.0, help="of the data, for a trial")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    examples = list(pairs(read(given.questions, share=given.share, seed=given.seed), rng))
    rng.shuffle(examples)
    examples = of_like_length(examples, rng)
    print(f"{len(examples)} pairs, {sum(one.label for one in examples):.0f} of them answers", flush=True)
    train(examples, given.work, seed=given.seed)
    export(given.work / "model", given.out)


if __name__ == "__main__":
    main()
