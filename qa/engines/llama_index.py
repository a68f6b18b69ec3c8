"""Any LlamaIndex ``LLM`` object as an `Engine`.

The object keeps its own settings: LlamaIndex has no options that every ``LLM`` takes, so the length is kept to here,
and the stream is closed when it is reached. Token counts are estimates.
"""

from collections.abc import Iterator, Mapping, Sequence

from llama_index.core.llms import LLM, ChatMessage, ChatResponse

from onrecord.qa.engines.base import Messages, OnUsage, Usage, not_counted
from onrecord.qa.engines.stopping import go_on
from onrecord.qa.engines.tokens import estimate_tokens, token_mass, yes_share


class LlmEngine:
    """p(yes) is known only where it was set up to return logprobs; ``close`` leaves it to its owner."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm
        self._has_logprobs = True  # until a reply without them says otherwise

    @property
    def name(self) -> str:
        return self._llm.metadata.model_name

    @property
    def context_tokens(self) -> int:
        return self._llm.metadata.context_window

    def count_tokens(self, text: str) -> int:
        return estimate_tokens(text)

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        """See `Engine.generate`."""
        responses = self._responses(messages)
        generated = 0
        try:
            for piece in (response.delta for response in responses if response.delta):
                generated += estimate_tokens(piece)
                yield piece
                if generated >= max_tokens:
                    return
        finally:
            responses.close()
            on_usage(_read(messages) + Usage(generated_tokens=generated))

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        """See `Engine.first_tokens`; the stream is closed after its first token."""
        if not self._has_logprobs:
            return None
        responses = self._responses(messages)
        try:
            first = next((response for response in responses if response.delta or response.logprobs), None)
        finally:
            responses.close()
            on_usage(_read(messages))
        if first is None or not first.logprobs:
            self._has_logprobs = False
            return None
        return token_mass((token.token, token.logprob) for token in first.logprobs[0])

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        """See `Engine.yes_probability`; there are no adapters."""
        return None if adapter else yes_share(self.first_tokens(messages, on_usage=on_usage))

    def close(self) -> None:
        """Nothing to free: the ``LLM`` object belongs to whoever made it."""

    def _responses(self, messages: Messages) -> "_Responses":
        asked = [ChatMessage(role=message["role"], content=message["content"]) for message in messages]
        return _Responses(self._llm, asked)


def _read(messages: Messages) -> Usage:
    return Usage(evaluated_tokens=sum(estimate_tokens(message["content"]) for message in messages), calls=1)


class _Responses(Iterator[ChatResponse]):
    """The stream of one chat; the whole reply as one piece from an ``LLM`` that cannot stream."""

    def __init__(self, llm: LLM, messages: Sequence[ChatMessage]) -> None:
        try:
            self._stream: Iterator[ChatResponse] = iter(llm.stream_chat(messages))
        except NotImplementedError:
            reply = llm.chat(messages)
            self._stream = iter([reply.model_copy(update={"delta": reply.message.content})])

    def __next__(self) -> ChatResponse:
        response = next(self._stream)
        go_on()
        return response

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()
