"""What adapters are trained on: all statements about a text in one pass, each as if it stood alone."""

from typing import Any

import pytest

from onrecord.eval.fitting import claim_groups, question_groups
from onrecord.eval.fitting.adapter import Group, Prompts
from onrecord.qa.judges.reader import question_messages
from onrecord.qa.judges.verify import support_messages


def letters(text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
    """A tokenizer with one token a letter."""
    return {"input_ids": [ord(letter) % 128 for letter in text]}


@pytest.mark.slow
def test_a_statement_is_read_as_if_it_were_the_only_one() -> None:
    import torch
    from transformers import Qwen2Config, Qwen2Model

    torch.manual_seed(0)
    sizes: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    model = Qwen2Model(Qwen2Config(vocab_size=128, **sizes, **heads)).eval()
    prompts = Prompts(letters)
    said = (("The bus left.", 1.0), ("No bus left Graz on Monday.", 0.0))

    def states(group: Group) -> Any:
        packed = prompts.packed(group)
        with torch.no_grad():
            found = model(input_ids=packed.tokens, attention_mask=packed.sees, position_ids=packed.positions)
        return found.last_hidden_state[0, packed.last]

    together = states(Group("Judge.", "A bus left Graz.\n", said, ("A bus did.", "")))
    alone = [states(Group("Judge.", "A bus left Graz.\n", (one,)))[0] for one in said]
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


@pytest.mark.slow
def test_it_is_trained_in_the_words_in_which_it_is_asked() -> None:
    group = claim_groups.group("A bus left.", [("It left.", 1.0)])
    packed = "".join(chr(token) for token in Prompts(letters).packed(group).tokens[0])
    for message in support_messages("It left.", ["A bus left."]):
        assert f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" in packed


@pytest.mark.slow
def test_a_reply_is_foretold_from_what_is_before_it() -> None:
    group = question_groups.group("[1] A bus left.", [("What did?", 1.0, "A bus did."), ("When?", 0.0, "")])
    packed = Prompts(letters).packed(group)
    (places, tokens), *others = packed.written
    read = "".join(chr(token) for token in packed.tokens[0].tolist())
    assert not others and "".join(chr(token) for token in tokens) == "A bus did.<|im_end|>"
    assert read[: places[0] + 1].endswith("<|im_start|>assistant\nyes\n") and read[places[1]] == "A"
    for message in question_messages("What did?", "[1] A bus left."):
        assert f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n" in read
