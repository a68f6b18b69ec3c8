"""What is said of a filter that is on, and of an address in place of a question; without a browser."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from onrecord.index.errors import InputError
from onrecord.index.types import Filter
from onrecord.qa.types import Answer
from onrecord.ui.desk.collections import Limits
from onrecord.ui.desk.records import Record
from onrecord.ui.page.turns import turn


def abstained(scope: Filter) -> str:
    answer = Answer("Who paid?", "Who paid?", status="abstained", reason="not_answered")
    return turn(Record("t1", answer, "done", scope=scope), last=True)


def test_an_abstention_within_a_filter_says_that_the_rest_was_not_searched() -> None:
    shown = abstained(Filter(sources=("River <Herald>",), published_from="2024-03-01"))
    assert "Your filter was on (" in shown and "River &lt;Herald&gt; · from 2024-03-01" in shown
    assert "what it leaves out was not searched" in shown
    assert "Search without the filter" in shown


def test_an_abstention_without_a_filter_says_nothing_of_one() -> None:
    assert "filter" not in abstained(Filter())


@pytest.mark.page
@pytest.mark.parametrize("pasted", ["https://courier.example/bridge?page=2", " http://courier.example \n"])
def test_an_address_in_place_of_a_question_is_told_how_to_become_an_article(pasted: str) -> None:
    from onrecord.ui.page.chat import Chat  # and with it Gradio

    chat = Chat(cast(Any, SimpleNamespace(limits=Limits())))
    with pytest.raises(InputError, match=r"is a web address; `onrecord add http"):
        chat._checked(pasted)
    assert chat._checked("What does https://courier.example say of the bridge?")
