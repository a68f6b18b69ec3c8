"""Systems behind an address: an OnRecord server, or anything that speaks OpenAI's chat protocol."""

import os
import time
from dataclasses import replace
from typing import Any, TypeVar

import httpx

from onrecord.eval.suites.loading import Question, Suite
from onrecord.eval.suites.records import CitationRow, EvidenceRow, ResultRow, SentenceRow
from onrecord.eval.systems.base import SystemOptions
from onrecord.eval.systems.rows import row_from_answer, row_from_text
from onrecord.index import tls
from onrecord.index.errors import InputError, ModelError
from onrecord.index.reading.files import article_from_text
from onrecord.qa.engines.base import Engine, Usage
from onrecord.qa.types import Answer

Place = TypeVar("Place", CitationRow, EvidenceRow)


class OnRecordServer:
    """``http://host:port``: questions go to its ``/api/v1/ask``.

    The server must hold the suite's articles, which have other ids there (made of their URL or text): places are put
    back under the suite's ids by these, else by their quote. ``ONRECORD_TOKEN``, where set, is the bearer token.
    """

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.name = url
        token = os.environ.get("ONRECORD_TOKEN", "")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # trust_env=False: a proxy that is set for the web must not see calls to a server that may be local.
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            headers=headers,
            timeout=None,
            transport=transport,
            trust_env=False,
            verify=tls.public(),
        )
        self._texts: dict[str, str] = {}
        self._ids: dict[str, str] = {}  # the server's id of an article -> the suite's

    def prepare(self, suite: Suite) -> None:
        """Remembers the suite's texts and ids; the server is expected to hold the articles already."""
        self._texts = suite.texts
        self._ids = {article_from_text(a.text, url=a.url).id: a.id for a in suite.articles}

    def answer(self, question: Question) -> ResultRow:
        """One POST; the whole answer's time includes the network."""
        started = time.perf_counter()
        answer = self._ask(self._request(question))
        row = row_from_answer(question, answer, system=self.name)
        seconds = {"time_to_answer": time.perf_counter() - started}
        return self._in_suite(replace(row, timings={**row.timings, **seconds}))

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """Not offered: the server's search has its own ids and no place to tell them apart."""
        raise InputError(f"{self.name}: a server is asked for answers; drop --retrieval-only for it")

    def close(self) -> None:
        """Closes the connection."""
        self._client.close()

    def _ask(self, body: dict[str, Any]) -> Answer:
        try:
            response = self._client.post("/api/v1/ask", json=body)
            response.raise_for_status()
            return Answer.from_dict(response.json())
        except (httpx.HTTPError, ValueError) as error:
            raise ModelError(f"{self.name}/api/v1/ask: {error}; is the server up, and is it OnRecord?") from error
        except InputError as error:
            raise ModelError(f"{self.name}/api/v1/ask: the reply is no answer; check the address. {error}") from error

    def _in_suite(self, row: ResultRow) -> ResultRow:
        """The row with every place under the suite's own article ids."""

        def sentence(s: SentenceRow) -> SentenceRow:
            return replace(s, citations=tuple(self._placed(c, c.quote) for c in s.citations))

        return replace(
            row,
            sentences=tuple(map(sentence, row.sentences)),
            positions=tuple(map(sentence, row.positions)),
            evidence=tuple(self._placed(e, e.text) for e in row.evidence),
            retrieved=tuple(
                replace(r, article_id=known)
                for r in row.retrieved
                if (known := self._ids.get(r.article_id, r.article_id)) in self._texts
            ),
        )

    def _request(self, question: Question) -> dict[str, Any]:
        body: dict[str, Any] = {"question": question.question}
        if question.history:
            body["history"] = [{"role": turn.role, "content": turn.content} for turn in question.history]
        if question.scope:
            theirs = {ours: their for their, ours in self._ids.items()}
            body["filter"] = {"articles": [theirs.get(article_id, article_id) for article_id in question.scope]}
        return body

    def _placed(self, place: Place, quote: str) -> Place:
        known = self._ids.get(place.article_id, place.article_id)
        if known in self._texts:
            return replace(place, article_id=known)
        for article_id, text in self._texts.items():
            start = text.find(quote)
            if quote and start >= 0:
                return replace(place, article_id=article_id, start_char=start, end_char=start + len(quote))
        return place


class OpenAISystem:
    """``openai:http://host/v1#model``: the question alone, with its conversation, to any chat endpoint.

    What it says is scored like any text; it has no sources that could be cited. ``OPENAI_API_KEY``, where set, is sent.
    """

    def __init__(self, spec: str, options: SystemOptions, *, engine: Engine | None = None) -> None:
        self.name = spec
        address, _, model = spec.removeprefix("openai:").partition("#")
        self._address, self._model = address, model or options.model
        self._engine = engine

    def prepare(self, suite: Suite) -> None:
        """Connects when the first question is asked."""
        from onrecord.qa.engines.load import engine_from_url

        if self._engine is None:
            key = os.environ.get("OPENAI_API_KEY", "")
            self._engine = engine_from_url(self._address, model=self._model, api_key=key)

    def answer(self, question: Question) -> ResultRow:
        """One chat completion."""
        assert self._engine is not None
        return ask_engine(self._engine, question, system=self.name)

    def retrieve(self, question: Question, *, top_k: int) -> ResultRow:
        """A chat endpoint does not search."""
        raise InputError(f"{self.name}: a chat endpoint does not search; drop --retrieval-only for it")

    def close(self) -> None:
        """Closes the connection."""
        if self._engine is not None:
            self._engine.close()


def ask_engine(engine: Engine, question: Question, *, system: str, instructions: str = "") -> ResultRow:
    """The question and its conversation, no articles, to a bare engine, with the times of its stream."""
    messages = [{"role": "system", "content": instructions}] if instructions else []
    messages += [{"role": turn.role, "content": turn.content} for turn in question.history]
    messages.append({"role": "user", "content": question.question})
    pieces: list[str] = []
    timings: dict[str, float] = {}
    started = time.perf_counter()
    calls: list[Usage] = []
    for piece in engine.generate(messages, max_tokens=256, on_usage=calls.append):
        timings.setdefault("time_to_first_token", time.perf_counter() - started)
        pieces.append(piece)
    timings["time_to_answer"] = time.perf_counter() - started
    usage = sum(calls, Usage())
    timings |= {
        "evaluated_tokens": float(usage.evaluated_tokens),
        "generated_tokens": float(usage.generated_tokens),
        "model_calls": float(usage.calls),
    }
    return row_from_text(question, "".join(pieces), system=system, timings=timings, model=engine.name)
