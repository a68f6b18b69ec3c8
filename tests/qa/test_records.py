"""The one shape of an answer in JSON: what is written is read back the same."""

import json
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.index.errors import InputError
from onrecord.index.types import Passage, Sentence
from onrecord.qa import records
from onrecord.qa.types import Answer, AnswerSentence, Citation, EvidenceFound, Finished, SentenceDone
from tests.conftest import ARTICLES
from tests.ui.fakes import FakeAssistant, FakeLibrary

NUMBERS = st.integers(-(10**6), 10**6).map(lambda number: number / 10_000)


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a field of an answer has."""
    if is_dataclass(kind):
        assert isinstance(kind, type)
        few = {name: anything(one) for name, one in get_type_hints(kind).items()}
        if kind is Passage:
            few["sentences"] = st.lists(anything(Sentence), min_size=1, max_size=2).map(tuple)
        return st.builds(kind, **few)
    match get_origin(kind), get_args(kind):
        case origin, (inner, _) if origin is tuple:
            return st.lists(anything(inner), max_size=2).map(tuple)
        case origin, _ if origin is Mapping:
            return st.dictionaries(st.text(max_size=3), NUMBERS, max_size=2)
        case _ if kind == float | None:
            return st.none() | NUMBERS
    return NUMBERS if kind is float else st.from_type(kind)


@pytest.mark.slow
@given(anything(Answer))
@settings(max_examples=60, deadline=None)
def test_an_answer_is_read_as_it_was_written(answer: Answer) -> None:
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


@pytest.mark.parametrize("wish", ["", " where they differ", ", if there is doubt", " unknown"])
def test_every_event_of_an_answer_is_read_as_it_was_written(tmp_path: Path, wish: str) -> None:
    assistant = FakeAssistant(FakeLibrary(tmp_path, ARTICLES))
    for event in assistant.stream(f"How many coins were found under the bridge{wish}?"):
        written = json.loads(json.dumps(records.to_dict(event)))
        match event:
            case EvidenceFound() | Finished():
                assert records.to_dict(records.from_dict(type(event), written)) == written
            case _:
                assert records.from_dict(type(event), written) == event


def test_numbers_lose_the_digits_that_say_nothing_and_nothing_else_is_lost() -> None:
    answer = Answer("q", "q", timings={"total": 1.23456789}, answerability=0.123456789)
    read = Answer.from_dict(answer.to_dict())
    assert read == replace(answer, timings={"total": 1.2346}, answerability=0.123457)


def test_the_keys_that_are_promised_are_those_that_are_written() -> None:
    sentence = AnswerSentence("Shut.", (Citation(1, Sentence("a", 2, 5, 9, "Shut"), "Bridge"),), "partly")
    assert list(records.shape(SentenceDone)) == list(records.to_dict(SentenceDone(sentence)))
    assert list(records.shape(Citation)) == list(records.to_dict(sentence.citations[0]))
    assert list(records.shape(Answer)) == list(Answer("q", "q").to_dict())


@pytest.mark.parametrize("data", [{}, {"question": "q"}, {"question": "q", "standalone_question": "q", "hits": 1}, []])
def test_what_is_no_answer_is_refused_in_one_sentence(data: Any) -> None:
    with pytest.raises(InputError, match="no Answer as this version of OnRecord writes it"):
        Answer.from_dict(data)


def test_an_address_that_is_not_the_webs_is_in_no_answer() -> None:
    cited = Citation(1, Sentence("a", 0, 0, 4, "Shut"), "Bridge", url="javascript:alert(1)")
    assert cited.url == "" and records.to_dict(cited)["url"] == ""


def test_a_place_without_its_index_as_an_earlier_server_sends_it_is_read() -> None:
    cited = Citation(1, Sentence("a", 0, 5, 9, "Shut"), "Bridge")
    written = records.to_dict(cited)
    del written["index"]
    assert records.from_dict(Citation, written) == cited
