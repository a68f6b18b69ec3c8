"""An adapter (LoRA) that has a model say yes or no of a statement about a text, and more: trained by peft, resumable.

It is trained on the weights that are served: those of the GGUF file, dequantised, to which llama.cpp adds what the
adapter says. A text and all statements about it are read in one pass, each statement seeing the text and itself alone.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from onrecord.index.models.catalogue import model_path
from onrecord.qa.judges.reader import YES

# The upper layers of Qwen2.5-1.5B's 28: what they compare is made below, and what is below costs no way back.
FIRST_LAYER = 10
RANK, WARM_UP = 16, 0.04
SERVED = 8  # the rank that is kept: half the bytes; what it costs is in the model card
GROUPS_A_STEP, STATEMENTS = 2, 8  # and how many a group has, about
SAVED_EVERY = 10  # steps
_PARTS = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """What prompts that begin alike share, and how each goes on, with 1.0 where the reply is yes, else 0.0.

    ``system`` is the system's message; ``text`` and a statement together are the user's. A text ends with a line.
    ``replies``: what follows a yes on a line of its own, for each statement; "" is not trained on.
    """

    system: str
    text: str
    statements: tuple[tuple[str, float], ...]
    replies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """Groups that are read once, the rate at the height of their warm-up, and the name of what they make."""

    name: str
    groups: Sequence[Group]
    rate: float


@dataclass(frozen=True, slots=True)
class Packed:
    """One pass: tokens, which of them each sees, where each stands, and where each statement's reply begins."""

    tokens: Any  # (1, n)
    sees: Any  # (1, 1, n, n), booleans
    positions: Any  # (1, n)
    last: Any  # (statements,)
    written: Sequence[tuple[range, list[int]]] = ()  # of each reply: where its tokens are foretold, and which they are


class Prompts:
    """Groups as the model reads them: in Qwen's template, the prompts' beginning shared."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._tail = self.tokens("<|im_end|>\n<|im_start|>assistant\n")
        self._yes = self.tokens(YES)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text by itself."""
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def packed(self, group: Group) -> Packed:
        """A group in one pass."""
        import torch

        head = self.tokens(f"<|im_start|>system\n{group.system}<|im_end|>\n<|im_start|>user\n")
        shared = [*head, *self.tokens(group.text)]
        ids, places, owners, last = list(shared), list(range(len(shared))), [0] * len(shared), []
        written = []
        replies = group.replies or ("",) * len(group.statements)
        for number, ((statement, _), reply) in enumerate(zip(group.statements, replies, strict=True), start=1):
            own = [*self.tokens(statement), *self._tail]
            last.append(len(ids) + len(own) - 1)
            if reply:
                foretold = self.tokens(f"{reply}<|im_end|>")
                own += [*self._yes, *foretold[:-1]]
                end = len(ids) + len(own)
                written.append((range(end - len(foretold), end), foretold))
            ids += own
            places += range(len(shared), len(shared) + len(own))
            owners += [number] * len(own)
        owner = torch.tensor(owners)
        before = torch.tril(torch.ones(len(ids), len(ids), dtype=torch.bool))
        sees = before & ((owner[None] == owner[:, None]) | (owner[None] == 0))
        return Packed(torch.tensor([ids]), sees[None, None], torch.tensor([places]), torch.tensor(last), written)


def train(stages: Sequence[Stage], work: Path, *, model: str) -> Iterator[tuple[str, Path]]:
    """Trains on each stage's groups in their order, or goes on where an earlier run stopped.

    At the end of each stage that was not over before its name, and the folder of the adapter as it is then.
    """
    training = Training(model, work / "state.pt")
    work.mkdir(parents=True, exist_ok=True)
    lengths = accumulate(len(stage.groups) // GROUPS_A_STEP for stage in stages)
    ends = {end: stage.name for end, stage in zip(lengths, stages, strict=True)}
    steps = [step for stage in stages for step in _steps(stage)]
    for number, (groups, rate) in enumerate(steps[training.done :], start=training.done + 1):
        print(f"step {number} of {len(steps)}: {training.step(groups, rate)}", flush=True)
        if number in ends:
            folder = work / ends[number]
            training.adapted.save_pretrained(str(folder))
            yield ends[number], folder
        if number % SAVED_EVERY == 0 or number in ends:
            training.save()


def _steps(stage: Stage) -> list[tuple[Sequence[Group], float]]:
    """The groups of each step and its rate."""
    count = len(stage.groups) // GROUPS_A_STEP
    return [
        (stage.groups[step * GROUPS_A_STEP : (step + 1) * GROUPS_A_STEP], stage.rate * _rate(step / count))
        for step in range(count)
    ]


class Training:
    """The adapter while it is trained, as it was when ``state`` was last written."""

    def __init__(self, model: str, state: Path) -> None:
        import torch
        from peft import get_peft_model

        whole, tokenizer = _loaded(model_path(model))
        self._prompts = Prompts(tokenizer)
        yes, no = (self._prompts.tokens(word)[0] for word in ("yes", "no"))
        self._yes_over_no = (whole.lm_head.weight[yes] - whole.lm_head.weight[no]).detach().clone()
        self._words = whole.lm_head.weight
        self._body = whole.model
        torch.manual_seed(0)
        self.adapted: Any = get_peft_model(whole, _config(whole.config.num_hidden_layers), autocast_adapter_dtype=False)
        self._weights = [weight for weight in self.adapted.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=0.0, weight_decay=0.0)
        self._state = state
        self.done = 0  # steps
        if state.exists():
            kept = torch.load(state, weights_only=True)
            self.done = kept["steps"]
            self._optimizer.load_state_dict(kept["optimizer"])
            for weight, value in zip(self._weights, kept["weights"], strict=True):
                weight.data.copy_(value)

    def step(self, groups: Sequence[Group], rate: float) -> str:
        """One step of the weights; how many statements were told rightly before it, and the replies' perplexity."""
        import torch

        for options in self._optimizer.param_groups:
            options["lr"] = rate
        right = count = replies = 0
        surprise = 0.0
        for group in groups:
            logits, losses = self.read(group)
            labels = torch.tensor([label for _, label in group.statements])
            loss: Any = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
            ((loss + sum(losses)) / (STATEMENTS * GROUPS_A_STEP)).backward()
            right += int(((logits > 0) == (labels > 0.5)).sum())
            count += len(labels)
            replies += len(losses)
            surprise += float(sum(losses))
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self.done += 1
        said = f", {replies} replies {math.exp(surprise / replies):.2f}" if replies else ""
        return f"{right} of {count} right{said}"

    def save(self) -> None:
        """Writes the state, whole or not at all."""
        import torch

        part = self._state.with_suffix(".part")
        weights = [weight.data for weight in self._weights]
        torch.save({"steps": self.done, "optimizer": self._optimizer.state_dict(), "weights": weights}, part)
        part.replace(self._state)

    def read(self, group: Group) -> tuple[Any, list[Any]]:
        """The logit of yes over no for each statement, and of each reply the mean loss of its tokens."""
        import torch

        packed = self._prompts.packed(group)
        found = self._body(
            input_ids=packed.tokens, attention_mask=packed.sees, position_ids=packed.positions, use_cache=False
        ).last_hidden_state[0]
        losses = [
            torch.nn.functional.cross_entropy(found[list(places)] @ self._words.T, torch.tensor(tokens))
            for places, tokens in packed.written
        ]
        return found[packed.last] @ self._yes_over_no, losses


def _loaded(file: Path) -> tuple[Any, Any]:
    """The model of a GGUF file with its weights as they are served, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.quantization_config import GgufConfig

    whole = AutoModelForCausalLM.from_pretrained(
        str(file.parent),
        gguf_file=file.name,
        dtype=torch.float32,
        quantization_config=GgufConfig(dequantize=True),
    )
    whole.requires_grad_(False)
    return whole, AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)


def _config(layers: int) -> Any:
    from peft import LoraConfig

    return LoraConfig(
        r=RANK,
        lora_alpha=2 * RANK,
        lora_dropout=0.0,
        target_modules=[part.rpartition(".")[2] for part in _PARTS],
        layers_to_transform=list(range(FIRST_LAYER, layers)),
        layers_pattern="layers",
        task_type="CAUSAL_LM",
    )


def _rate(done: float) -> float:
    """The share of the rate after a share of the training: up at first, then down along a cosine to a twentieth."""
    return min(1.0, done / WARM_UP) * (0.05 + 0.95 * 0.5 * (1.0 + math.cos(math.pi * done)))


def export(trained: Path, file: Path) -> None:
    """The trained adapter as one GGUF file that llama.cpp loads, each product of its two matrices of rank `SERVED`."""
    import gguf
    import numpy as np
    from safetensors.numpy import load_file

    weights = load_file(trained / "adapter_model.safetensors")
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(file), "qwen2")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(SERVED))  # llama.cpp multiplies by alpha over rank
    eight = gguf.GGMLQuantizationType.Q8_0
    for name in sorted(name for name in weights if ".lora_A." in name):
        layer, _, rest = name.partition(".layers.")[2].partition(".")
        place = f"blk.{layer}.{_PARTS[rest.partition('.lora_')[0]]}.weight.lora_"
        down, up = _nearest(weights[name], 2.0 * weights[name.replace(".lora_A.", ".lora_B.")])
        writer.add_tensor(f"{place}a", gguf.quants.quantize(down, eight), raw_dtype=eight)
        writer.add_tensor(f"{place}b", up.astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _nearest(down: Any, up: Any) -> tuple[Any, Any]:
    """The two matrices of rank `SERVED` whose product is nearest to ``up @ down``, by singular values."""
    import numpy as np

    left, upper = np.linalg.qr(up.astype(np.float64))
    right, lower = np.linalg.qr(down.T.astype(np.float64))
    ours, values, theirs = np.linalg.svd(upper @ lower.T)
    root = np.sqrt(values[:SERVED])
    return ((root[:, None] * theirs[:SERVED]) @ right.T).astype(np.float32), (left @ ours[:, :SERVED]) * root
