"""One set of promises over every `Engine`: the fake, a LlamaIndex ``LLM``, a server by URL, and llama.cpp itself."""

import json
import select
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata, LogProb
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM

from onrecord.index.errors import InputError, ModelError, ModelMissing, Stopped
from onrecord.index.models.catalogue import model_path
from onrecord.qa.engines.base import Engine, Usage
from onrecord.qa.engines.load import engine_from_llm, engine_from_url, load_engine
from onrecord.qa.engines.stopping import stops_when
from tests.conftest import FakeEngine

ASK = [
    {"role": "system", "content": "You answer briefly."},
    {"role": "user", "content": "Is the bridge closed? Reply yes or no."},
]
REPLY = "The bridge has been closed since Monday.\n\nIt was old."


class ReplyingLLM(CustomLLM):
    """A LlamaIndex model that always says `REPLY`, a word at a time, as an integration of a server would."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="replying", context_window=2048)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=REPLY)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        return (CompletionResponse(text="", delta=word) for word in words(REPLY))


class LLMWithLogprobs(ReplyingLLM):
    """One that was set up to tell its probabilities."""

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        top = [LogProb(token="Yes", logprob=-0.5), LogProb(token=" no", logprob=-1.5)]
        yield ChatResponse(message=ChatMessage(content="Yes"), delta="Yes", logprobs=[top])


class LLMWithoutStreaming(ReplyingLLM):
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        raise NotImplementedError


class FakeServer(ThreadingHTTPServer):
    """An OpenAI-compatible server on loopback that says `REPLY`; what it was asked is kept, and by which headers."""

    daemon_threads = True

    def __init__(self, *, logprobs: bool = True, status: int = 200, key: str = "secret") -> None:
        super().__init__(("127.0.0.1", 0), FakeHandler)
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.logprobs, self.status, self.key = logprobs, status, key
        self.sent = 0
        self.breaks_after: int | None = None  # events, and then it hangs up
        self.lives = True  # False: it takes connections and says nothing
        self.looked_at = 0
        self.reading, self.read, self.hung_up = threading.Event(), threading.Event(), threading.Event()
        self.read.set()  # cleared: it reads the prompt for as long as somebody waits
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """A client that closes its connection early is what some tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class FakeHandler(BaseHTTPRequestHandler):
    server: FakeServer

    def do_GET(self) -> None:
        """The list of its models."""
        self.server.looked_at += 1
        while not self.server.lives:
            time.sleep(0.01)
        self._refuse(200, "")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({**body, "path": self.path})
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.headers.get("Authorization") != f"Bearer {self.server.key}":
            self._refuse(401, "wrong key")
        elif self.server.status != 200:
            self._refuse(self.server.status, "out of order")
        elif body.get("logprobs") and not self.server.logprobs:
            self._refuse(400, "logprobs are not supported")
        else:
            self._reply(body)

    def _reply(self, body: dict[str, Any]) -> None:
        self.server.reading.set()
        while not self.server.read.wait(0.01):
            if select.select([self.connection], [], [], 0)[0]:
                self.server.hung_up.set()
                return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        told = None
        if body.get("logprobs"):
            top = [{"token": "Yes", "logprob": -0.5}, {"token": "no", "logprob": -1.5}]
            told = {"content": [{"token": "Yes", "logprob": -0.5, "top_logprobs": top}]}
        for number, word in enumerate(words(REPLY)[: body["max_tokens"]]):
            if number == self.server.breaks_after:
                return
            self._event({"choices": [{"delta": {"content": word}, "logprobs": told}]})
        usage = {"prompt_tokens": 30, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 20}}
        self._event({"choices": [], "usage": usage})
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, data: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())
        self.server.sent += 1

    def _refuse(self, status: int, reason: str) -> None:
        data = json.dumps({"error": {"message": reason}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def words(text: str) -> list[str]:
    return [f"{word} " for word in text.split(" ")]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running
        running.shutdown()


KINDS = ["fake", "llm", "url", pytest.param("llama.cpp", marks=pytest.mark.model)]


@pytest.fixture(params=KINDS)
def own_engine(request: pytest.FixtureRequest) -> Engine:
    """One of each kind, for this test alone."""
    return made_of(request.param, request)


def made_of(kind: str, request: pytest.FixtureRequest) -> Engine:
    match kind:
        case "fake":
            made: FakeEngine = request.getfixturevalue("engine")
            made.enqueue(*[REPLY] * 8)
            return made
        case "llm":
            return engine_from_llm(ReplyingLLM())
        case "url":
            return engine_from_url(request.getfixturevalue("server").url, model="served", api_key="secret")
    return load_engine("smollm2-135m", context_tokens=1024)


@pytest.fixture(scope="module")
def llama() -> Iterator[Engine]:
    engine = load_engine("smollm2-135m", context_tokens=1024)
    yield engine
    engine.close()


@pytest.fixture(params=KINDS)
def any_engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One of each kind; the real model is loaded once for all tests."""
    if request.param == "llama.cpp":
        yield request.getfixturevalue("llama")
        return
    made = made_of(request.param, request)
    yield made
    made.close()


def test_every_engine_says_its_name_and_how_much_it_reads(any_engine: Engine) -> None:
    assert any_engine.name
    assert any_engine.context_tokens > 0


def test_every_engine_streams_text_in_pieces(any_engine: Engine) -> None:
    pieces = list(any_engine.generate(ASK, max_tokens=20))
    assert len(pieces) > 1
    assert all(isinstance(piece, str) and piece for piece in pieces)


def test_every_engine_gives_the_same_reply_to_the_same_prompt(any_engine: Engine) -> None:
    first = "".join(any_engine.generate(ASK, max_tokens=12))
    assert "".join(any_engine.generate(ASK, max_tokens=12)) == first


def test_every_engine_keeps_to_the_length(any_engine: Engine) -> None:
    assert len("".join(any_engine.generate(ASK, max_tokens=3)).split()) <= 3


def test_every_engine_can_be_stopped_and_asked_again(any_engine: Engine) -> None:
    pieces = any_engine.generate(ASK, max_tokens=50)
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert list(pieces) == []
    assert "".join(any_engine.generate(ASK, max_tokens=5))


def test_every_engine_is_stopped_from_another_thread_and_can_be_asked_again(any_engine: Engine) -> None:
    stop = threading.Event()
    with stops_when(stop.is_set):
        pieces = any_engine.generate(ASK, max_tokens=50)
        assert next(iter(pieces))
        stop.set()
        with pytest.raises(Stopped):
            list(pieces)
        with pytest.raises(Stopped):
            list(any_engine.generate(ASK, max_tokens=50))
    assert "".join(any_engine.generate(ASK, max_tokens=5))


def test_every_engine_tells_a_probability_or_that_it_cannot(any_engine: Engine) -> None:
    probability = any_engine.yes_probability(ASK)
    tokens = any_engine.first_tokens(ASK)
    assert probability is None or 0 <= probability <= 1
    assert tokens is None or 0 < sum(tokens.values()) <= 1.001


def test_every_engine_tells_once_what_each_call_cost(any_engine: Engine) -> None:
    told: list[Usage] = []
    list(any_engine.generate(ASK, max_tokens=4, on_usage=told.append))
    assert len(told) == 1
    assert told[0].calls == 1
    assert told[0].evaluated_tokens + told[0].reused_tokens > 5
    assert told[0].generated_tokens >= 1
    any_engine.first_tokens(ASK, on_usage=told.append)
    assert [usage.calls for usage in told] == [1, 1]


def test_every_engine_tells_what_a_call_cost_that_was_stopped(any_engine: Engine) -> None:
    told: list[Usage] = []
    pieces = any_engine.generate(ASK, max_tokens=40, on_usage=told.append)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert len(told) == 1
    assert told[0].calls == 1


def test_every_engine_counts_more_tokens_in_longer_text(any_engine: Engine) -> None:
    assert 0 < any_engine.count_tokens("The bridge.") < any_engine.count_tokens("The bridge is closed on Monday.")


def test_every_engine_may_be_closed_twice(own_engine: Engine) -> None:
    own_engine.close()
    own_engine.close()


def test_a_llamaindex_model_with_logprobs_tells_the_share_of_yes() -> None:
    assert engine_from_llm(LLMWithLogprobs()).yes_probability(ASK) == pytest.approx(0.731, abs=0.001)


def test_a_llamaindex_model_without_logprobs_is_asked_for_them_once() -> None:
    engine = engine_from_llm(ReplyingLLM())
    told: list[Usage] = []
    assert [engine.yes_probability(ASK, on_usage=told.append) for _ in range(3)] == [None] * 3
    assert len(told) == 1


def test_a_llamaindex_model_that_cannot_stream_answers_in_one_piece() -> None:
    assert list(engine_from_llm(LLMWithoutStreaming()).generate(ASK, max_tokens=50)) == [REPLY]


def test_a_server_is_asked_at_temperature_zero_for_the_model_that_was_named(server: FakeServer) -> None:
    engine = engine_from_url(f"{server.url}/", model="served", api_key="secret")
    assert "".join(engine.generate(ASK, max_tokens=50)).split() == REPLY.split()
    asked = server.requests[0]
    assert asked["path"] == "/v1/chat/completions"
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("served", 0, 50)
    assert asked["messages"] == ASK


def test_a_server_that_reads_a_prompt_is_hung_up_on_when_the_answer_is_stopped(server: FakeServer) -> None:
    engine = engine_from_url(server.url, model="served", api_key="secret")
    server.read.clear()
    for call in (engine.first_tokens, lambda messages: list(engine.generate(messages, max_tokens=5))):
        server.reading.clear()
        server.hung_up.clear()
        with stops_when(server.reading.is_set), pytest.raises(Stopped):
            call(ASK)
        assert server.hung_up.wait(20)
    server.read.set()
    assert engine.first_tokens(ASK)


def test_a_servers_own_counts_are_used(server: FakeServer) -> None:
    engine = engine_from_url(server.url, model="served", api_key="secret")
    told: list[Usage] = []
    list(engine.generate(ASK, max_tokens=50, on_usage=told.append))
    assert told == [Usage(evaluated_tokens=10, reused_tokens=20, generated_tokens=9, calls=1)]


def test_a_server_with_logprobs_tells_the_share_of_yes(server: FakeServer) -> None:
    engine = engine_from_url(server.url, model="served", api_key="secret")
    assert engine.yes_probability(ASK) == pytest.approx(0.731, abs=0.001)
    assert server.requests[0]["max_tokens"] == 1


def test_a_server_that_refuses_logprobs_is_asked_for_them_once(server: FakeServer) -> None:
    server.logprobs = False
    engine = engine_from_url(server.url, model="served", api_key="secret")
    assert [engine.yes_probability(ASK) for _ in range(3)] == [None] * 3
    assert len(server.requests) == 1
    assert "".join(engine.generate(ASK, max_tokens=2)) == "The bridge "


def test_a_wrong_key_is_an_error_that_does_not_repeat_the_key(server: FakeServer) -> None:
    engine = engine_from_url(server.url, model="served", api_key="a-wrong-one")
    with pytest.raises(ModelError, match=r"401 \(wrong key\); check the API key") as raised:
        list(engine.generate(ASK, max_tokens=5))
    assert "a-wrong-one" not in str(raised.value)


def test_a_server_that_fails_is_named_with_its_reason(server: FakeServer) -> None:
    server.status = 503
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:\d+/v1 answered 503 \(out of order\)"):
        list(engine_from_url(server.url, model="served", api_key="secret").generate(ASK, max_tokens=5))


def test_a_server_that_is_not_there_is_an_error_that_names_its_address() -> None:
    with FakeServer() as gone:
        url = gone.url
        gone.shutdown()
    with pytest.raises(ModelError, match=f"{url} did not answer"):
        list(engine_from_url(url, model="served").generate(ASK, max_tokens=5))


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(InputError, match="http://"):
        engine_from_url("localhost:8080", model="served")


def test_a_name_that_is_neither_model_nor_file_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'gpt'.*qwen2\.5-coder-1\.5b.*\.gguf"):
        load_engine("gpt")


def test_a_model_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"gone\.gguf"):
        load_engine(tmp_path / "gone.gguf")


def test_a_model_that_was_not_pulled_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path))
    with pytest.raises(ModelMissing, match="onrecord models pull smollm2-135m"):
        load_engine("smollm2-135m")


@pytest.mark.model
def test_a_path_of_the_users_own_is_loaded_under_its_files_name() -> None:
    engine = load_engine(str(model_path("smollm2-135m")), context_tokens=512)
    assert engine.name == "SmolLM2-135M-Instruct.Q4_1"
    engine.close()


@pytest.mark.model
@pytest.mark.timeout(240)
def test_a_model_that_was_never_asked_can_be_closed_at_once() -> None:
    for _ in range(4):  # llama.cpp was waited for without end where its loop had not begun
        load_engine(str(model_path("smollm2-135m")), context_tokens=512).close()
