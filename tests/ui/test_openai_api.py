"""The OpenAI-compatible door, with OpenAI's own client against a server on loopback."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from onrecord.index import Article, Embedder
from tests.ui.behind_doors import Behind, OtherEmbedder, filled, until

QUESTION = "How many silver coins?"


@pytest.fixture
def behind(tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...]) -> Iterator[Behind]:
    made = Behind(tmp_path / "data", embedder, articles)
    yield made
    made.close()


@pytest.fixture
def client(behind: Behind) -> Iterator[openai.OpenAI]:
    with (
        behind.served() as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="not needed", max_retries=0) as made,
    ):
        yield made


def test_the_client_finds_the_one_model(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["onrecord"]
    assert client.models.retrieve("onrecord").owned_by == "onrecord"


def test_an_answer_has_numbered_references_and_annotations_of_exact_spans(
    client: openai.OpenAI, behind: Behind
) -> None:
    completion = client.chat.completions.create(model="onrecord", messages=[{"role": "user", "content": QUESTION}])
    message = completion.choices[0].message
    content = message.content or ""
    assert content.startswith(f"Asked: {QUESTION} [1]\n\n[1] Museum shows coins from the harbour, Asel Weekly")
    annotation = (message.annotations or [])[0].url_citation
    assert content[annotation.start_index : annotation.end_index] == f"Asked: {QUESTION} [1]"
    assert annotation.url == "https://asel.example/coins"
    more = annotation.model_extra or {}
    text = behind.library.article(more["article_id"]).text
    assert text[more["start_char"] : more["end_char"]] == more["quote"] and more["verdict"] == "supported"
    assert completion.usage is not None and completion.usage.total_tokens == 57


def test_a_streamed_answer_is_the_same_answer(client: openai.OpenAI) -> None:
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
    whole = client.chat.completions.create(model="onrecord", messages=messages).choices[0].message
    stream = client.chat.completions.create(
        model="onrecord", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == whole.content
    annotations = [one for delta in deltas for one in (delta.model_extra or {}).get("annotations", [])]
    assert annotations == [one.model_dump() for one in whole.annotations or []]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 7


def test_the_conversation_before_the_question_is_its_history(client: openai.OpenAI, behind: Behind) -> None:
    client.chat.completions.create(
        model="onrecord",
        messages=[
            {"role": "system", "content": "You are a pirate."},
            {"role": "user", "content": "Is the bridge closed?"},
            {"role": "assistant", "content": "Yes. [1]"},
            {"role": "user", "content": [{"type": "text", "text": "Since when?"}]},
        ],
    )
    question, history, _ = behind.assistant.asked[-1]
    assert question == "Since when?" and [turn.content for turn in history] == ["Is the bridge closed?", "Yes. [1]"]


@pytest.mark.parametrize("stream", [True, False])
def test_what_the_articles_do_not_say_is_said_in_plain_words(client: openai.OpenAI, stream: bool) -> None:
    messages: list[openai.types.chat.ChatCompletionMessageParam] = [{"role": "user", "content": "unknown"}]
    if stream:
        chunks = list(client.chat.completions.create(model="onrecord", messages=messages, stream=True))
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    else:
        said = client.chat.completions.create(model="onrecord", messages=messages).choices[0].message.content or ""
    assert said.startswith("The articles do not say.")


def test_errors_are_those_that_the_client_knows(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="onrecord"):
        client.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": "Hello"}])
    with pytest.raises(openai.UnprocessableEntityError, match="last message"):
        client.chat.completions.create(model="onrecord", messages=[{"role": "assistant", "content": "Hello"}])
    with pytest.raises(openai.UnprocessableEntityError, match="n = 2"):
        client.chat.completions.create(model="onrecord", n=2, messages=[{"role": "user", "content": "Hello"}])
    with pytest.raises(openai.NotFoundError, match="chat/completions"):
        client.embeddings.create(model="onrecord", input="Hello")


@pytest.mark.parametrize("stream", [True, False])
def test_a_closed_library_is_said_to_be_closed(client: openai.OpenAI, behind: Behind, stream: bool) -> None:
    behind.library.close()
    with pytest.raises(openai.InternalServerError, match="was closed") as told:
        client.chat.completions.create(
            model="onrecord", messages=[{"role": "user", "content": QUESTION}], stream=stream
        )
    assert told.value.status_code == 503 and int(told.value.response.headers["retry-after"]) > 0


def test_an_index_of_another_embedder_is_said_with_its_cure(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    filled(tmp_path / "data", embedder, articles)
    behind = closed_at_end(Behind(tmp_path / "data", OtherEmbedder(), ()))
    with (
        behind.served() as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="-", max_retries=0) as client,
        pytest.raises(openai.InternalServerError, match="onrecord rebuild"),
    ):
        client.chat.completions.create(model="onrecord", messages=[{"role": "user", "content": QUESTION}])


def test_an_error_in_mid_stream_reaches_the_client(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="onrecord", messages=[{"role": "user", "content": "Will the bridge break?"}], stream=True
    )
    with pytest.raises(openai.APIError) as told:
        list(stream)
    assert "secret" not in str(told.value)


def test_closing_the_stream_stops_the_model(client: openai.OpenAI, behind: Behind) -> None:
    stream = client.chat.completions.create(
        model="onrecord", messages=[{"role": "user", "content": "forever bridge"}], stream=True
    )
    next(iter(stream))
    until(lambda: behind.assistant.writing)
    stream.close()
    until(lambda: not behind.assistant.writing)


def test_a_key_is_given_as_the_client_gives_it(
    tmp_path: Path, embedder: Embedder, articles: tuple[Article, ...], closed_at_end: Any
) -> None:
    from onrecord.ui.server.keys import Keys

    keys = Keys(tmp_path / "keys.json")
    _, token = keys.add("a chat client")
    behind = closed_at_end(Behind(tmp_path / "other", embedder, articles, keys=keys, keys_required=True))
    with behind.served() as address:
        with openai.OpenAI(base_url=f"{address}/v1", api_key=token) as client:
            assert client.models.list().data
        with (
            openai.OpenAI(base_url=f"{address}/v1", api_key="wrong") as client,
            pytest.raises(openai.AuthenticationError),
        ):
            client.models.list()
