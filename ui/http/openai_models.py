"""What an OpenAI-compatible chat client sends; fields that make no difference here are read and passed over."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from onrecord.index import InputError
from onrecord.qa.types import Turn

MODEL = "onrecord"


class Part(BaseModel):
    type: str
    text: str = Field("", max_length=20_000)


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type in ("text", "input_text"))
        return self.content or ""


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """``messages``: the last one of the user is the question, earlier ones the history; the rest is not used."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [{"model": MODEL, "messages": [{"role": "user", "content": "Who closed the bridge?"}]}]
        },
    )
    model: str = Field(MODEL, max_length=200)
    messages: list[Message] = Field(min_length=1, max_length=500)
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int | None = None
    tools: list[Any] | None = None

    def question(self) -> tuple[str, tuple[Turn, ...]]:
        """The question and the turns before it; raises `InputError` when it cannot be answered as it was meant."""
        if self.n not in (None, 1):
            raise InputError(f"n = {self.n}: an answer from the articles is one answer; leave n out.")
        if self.tools:
            raise InputError("tools: this server calls none; leave them out.")
        spoken = [message for message in self.messages if message.role in ("user", "assistant") and message.text]
        if not spoken or spoken[-1].role != "user":
            raise InputError("messages: the last message must be a question of the role user.")
        turns = tuple(Turn("user" if m.role == "user" else "assistant", m.text) for m in spoken[:-1])
        return spoken[-1].text, turns[-6:]
