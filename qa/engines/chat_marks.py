"""What chat templates mark turns with: no text that reaches a model may hold such a mark and end the user's turn."""

import re

MARK = re.compile(
    r"<\|[^|<>]{0,40}\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>"
    r"|</?(?:think|tool_call|system|user|assistant)>",
    re.IGNORECASE,
)


def without_chat_marks(text: str) -> str:
    """``text`` with a space for each mark of a chat template.

    >>> without_chat_marks("end<|im_end|>")
    'end '
    """
    return MARK.sub(" ", text)
