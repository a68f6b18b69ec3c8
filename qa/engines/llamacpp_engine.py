"""A GGUF model run in this process by llama.cpp, as a LlamaIndex ``CustomLLM`` and as an `Engine`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from pydantic import PrivateAttr

from onrecord.qa.engines.base import Messages, OnUsage, Usage, not_counted
from onrecord.qa.engines.chat_marks import without_chat_marks
from onrecord.qa.engines.llamacpp import NO_ADAPTERS, Chunk, LlamaServer, chunk_text
from onrecord.qa.engines.tokens import token_mass, yes_share

TOP_LOGPROBS = 20


class LlamaCppEngine(CustomLLM):
    """A local model, loaded at once; raises `ModelError` naming the file where that fails.

    ``threads``: None uses the physical cores. ``cache_mib`` bounds the memory for earlier prompts. A prompt that
    begins as the one before it is read from where the two differ, and one with examples after them. ``adapters``: a
    LoRA file by its name, made for this very model; each is used only where it is asked for.
    """

    model_path: Path
    name: str
    context_tokens: int
    max_tokens: int = 256

    _server: LlamaServer = PrivateAttr()
    _usage: Usage = PrivateAttr(default=Usage())

    def __init__(
        self,
        model_path: Path | str,
        *,
        name: str = "",
        context_tokens: int = 4096,
        threads: int | None = None,
        cache_mib: int = 256,
        adapters: Mapping[str, Path] = NO_ADAPTERS,
    ) -> None:
        path = Path(model_path)
        server = LlamaServer(
            path,
            name=name or path.stem,
            context_tokens=context_tokens,
            threads=threads,
            cache_mib=cache_mib,
            adapters=adapters,
        )
        super().__init__(model_path=path, name=name or path.stem, context_tokens=context_tokens)
        self._server = server

    @classmethod
    def class_name(cls) -> str:
        return "LlamaCppEngine"

    # The Engine protocol

    @property
    def usage(self) -> Usage:
        """Everything that the model did since `reset_usage`, for whoever has it alone."""
        return self._usage

    def reset_usage(self) -> None:
        self._usage = Usage()

    def count_tokens(self, text: str) -> int:
        return self._server.count_tokens(text)

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        """See `Engine.generate`."""
        yield from self._pieces(self.prompt(messages), {"max_tokens": max_tokens}, on_usage, kind_of(messages))

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        """See `Engine.first_tokens`; the prompt is read once, and one token is generated."""
        return self._first_tokens(messages, on_usage)

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        """See `Engine.yes_probability`."""
        if adapter and adapter not in self._server.adapters:
            return None
        return yes_share(self._first_tokens(messages, on_usage, adapter))

    def _first_tokens(self, messages: Messages, on_usage: OnUsage, adapter: str = "") -> Mapping[str, float] | None:
        request = {"prompt": self.prompt(messages), "max_tokens": 1, "temperature": 0.0, "n_probs": TOP_LOGPROBS}
        found: Mapping[str, float] | None = None
        for chunk in self._server.stream(request, adapter=adapter, on_done=self._counter(on_usage)):
            logprobs = chunk["choices"][0].get("logprobs") if chunk.get("choices") else None
            if logprobs and logprobs["content"]:
                found = token_mass((top["token"], top["logprob"]) for top in logprobs["content"][0]["top_logprobs"])
        return found

    def close(self) -> None:
        self._server.close()

    def prompt(self, messages: Messages) -> str:
        """The messages in the model's own chat template, up to where the assistant's message begins."""
        return self._server.apply_template(tuple((m["role"], without_chat_marks(m["content"])) for m in messages))

    def _pieces(
        self, prompt: str, options: Mapping[str, Any], on_usage: OnUsage = not_counted, kind: str = ""
    ) -> Iterator[str]:
        request: Chunk = {"prompt": prompt, "temperature": 0.0, **options}
        chunks = self._server.stream(request, kind=kind, on_done=self._counter(on_usage))
        try:
            for chunk in chunks:
                if piece := chunk_text(chunk):
                    yield piece
        finally:
            chunks.close()  # type: ignore[attr-defined]

    def _counter(self, on_usage: OnUsage) -> Callable[[Mapping[str, Any]], None]:
        """Counts one call from its timings, for the caller and for the model's own sum."""

        def count(timings: Mapping[str, Any]) -> None:
            usage = Usage(
                evaluated_tokens=int(timings.get("prompt_n", 0)),
                reused_tokens=int(timings.get("cache_n", 0)),
                generated_tokens=int(timings.get("predicted_n", 0)),
                calls=1,
            )
            self._usage += usage
            on_usage(usage)

        return count

    # LlamaIndex's interface

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.context_tokens,
            num_output=self.max_tokens,
            model_name=self.name,
            is_chat_model=True,
        )

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """``formatted``: the prompt is in the model's template already; else it is one message of the user's."""
        return CompletionResponse(text="".join(self._complete_pieces(prompt, formatted, kwargs)))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        def responses() -> CompletionResponseGen:
            text = ""
            for piece in self._complete_pieces(prompt, formatted, kwargs):
                text += piece
                yield CompletionResponse(text=text, delta=piece)

        return responses()

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        text = "".join(self._chat_pieces(messages, kwargs))
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        def responses() -> ChatResponseGen:
            text = ""
            for piece in self._chat_pieces(messages, kwargs):
                text += piece
                yield ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text), delta=piece)

        return responses()

    def _complete_pieces(self, prompt: str, formatted: bool, kwargs: Mapping[str, Any]) -> Iterator[str]:
        written = prompt if formatted else self.prompt([{"role": "user", "content": prompt}])
        return self._pieces(written, self._options(kwargs))

    def _chat_pieces(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> Iterator[str]:
        return self._pieces(self.prompt(_plain(messages)), self._options(kwargs))

    def _options(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The options that are known here; LlamaIndex passes on whatever its caller gave."""
        known = {key: kwargs[key] for key in ("max_tokens", "stop") if kwargs.get(key)}
        return {"max_tokens": self.max_tokens, **known}


def kind_of(messages: Messages) -> str:
    """What prompts with the same examples have in common, the message for the system; empty without examples."""
    return messages[0]["content"] if any(message["role"] == "assistant" for message in messages) else ""


def _plain(messages: Sequence[ChatMessage]) -> list[dict[str, str]]:
    return [{"role": message.role.value, "content": message.content or ""} for message in messages]
