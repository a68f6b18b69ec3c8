"""Questions made from the words of one sentence: right in grammar, understood alone, or none."""

import pytest

from onrecord.index.types import Sentence
from onrecord.ui.desk.questions import questions


def asked(text: str, article: str = "") -> list[str]:
    return [question.text for question in questions(Sentence("a", 0, 0, len(text), text), article)]


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Hezbollah launched rockets into Israel on Saturday.", "Who launched rockets into Israel?"),
        ("The evacuation deal was mediated late Tuesday by Turkey and Russia.", "Who mediated the evacuation deal?"),
        ("Coach Lievremont will be replaced by Philippe Saint-Andre.", "Who will replace Coach Lievremont?"),
        ("The Larn Bridge was closed on 5 May 2023 after a storm.", "When was the Larn Bridge closed?"),
        ("In 2007, Terra Firma bought EMI.", "When did Terra Firma buy EMI?"),
        ("(CNN) -- The Spirit of Oslo sank Tuesday, officials said.", "When did the Spirit of Oslo sink?"),
        ("More than 1,000 people were evacuated from Bismarck.", "How many people were evacuated from Bismarck?"),
        ("The FDA has recalled 85,863 devices in Ohio.", "How many devices has the FDA recalled in Ohio?"),
        ("He said there were 5,000 fighters in the enclave.", "How many fighters were there in the enclave?"),
        ("The Larn Bridge project cost about $50 million.", "How much did the Larn Bridge project cost?"),
        ("Joshua Tree Park was closed because of floods.", "Why was Joshua Tree Park closed?"),
        ("Tom Addo said some tenants left because of fire.", "Why did some tenants leave?"),
        ("The Unity Summit will be held in Cancun.", "Where will the Unity Summit be held?"),
        ("Rami Saleh, the head of a charity, said no.", "Who is Rami Saleh?"),
        ("Teresa Willibey, 30, was among them.", "How old is Teresa Willibey?"),
        ("Jorge Lopez, 20, was killed.", "How old was Jorge Lopez?"),
        ("Mayor Ilse Brandt said the repairs would take nine months.", "What did Ilse Brandt say about the repairs?"),
        ("The painter Li Wan said the Larn Bridge was green.", "What did Li Wan say about the Larn Bridge?"),
        ("Tom Addo called the repair estimate low.", "What did Tom Addo say about the repair estimate?"),
        ("Tom Addo accused Turkey of foiling the deal.", "What did Tom Addo accuse Turkey of?"),
    ],
)  # fmt: skip
def test_a_plain_sentence_gives_a_question_that_people_ask(text: str, question: str) -> None:
    assert question in asked(text, f"{text} This is about Hezbollah, Turkey and others.")


@pytest.mark.parametrize(
    "text",
    [
        "He closed the Larn Bridge on Monday.",  # who is "he"?
        "The man accused of theft in Oslo smiled.",  # no finite verb: "accused of"
        "The bill signed Monday by Joe Biden is long.",
        "The Larn Bridge was not closed on Monday.",
        "When Keir Starmer was elected leader in 2020, Labour stood at a crossroads.",
        "The Larn Bridge remained closed due to floods.",
        "“The Larn Bridge was closed on Monday,” said Tom Addo.",
        "Dozens of people said no.",
        "Michelle Obama, who was at home, told CNN that she was fine.",
        "State Health Officer Scott Harris said federal officials told states providers would no longer order.",
        "Bombers killed at least 58 people in Oslo.",  # who they are is said elsewhere
        "It rained on Monday.",
        "",
    ],
)
def test_what_may_be_read_wrongly_gives_none(text: str) -> None:
    assert asked(text) == []


def test_a_last_name_is_completed_where_the_article_names_one_such_person() -> None:
    said = "Brandt closed the Larn Bridge on Monday."
    assert asked(said, f"Mayor Ilse Brandt spoke. {said}")[0] == "When did Ilse Brandt close the Larn Bridge?"
    assert asked(said, f"Ilse Brandt and Thomas Brandt spoke. {said}") == []


def test_a_question_is_anchored_where_it_names_something_and_leaves_nothing_as_merely_the_thing() -> None:
    def anchored(text: str) -> list[bool]:
        return [question.anchored for question in questions(Sentence("a", 0, 0, len(text), text))]

    assert anchored("The Larn Bridge was closed on Monday.") == [True]
    assert anchored("The bridge was closed on Monday.") == [False]
    assert anchored("Joe Biden won the state in 2020.") == [False, False]
