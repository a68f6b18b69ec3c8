"""A question that asks several things is taken apart; one that asks one thing, however long, is left whole."""

import time

import pytest

from onrecord.qa.steps.split import MAX_LENGTH, MOST_PARTS, parts_of


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "When and where was the Orvane treaty signed?",
            ("When was the Orvane treaty signed?", "Where was the Orvane treaty signed?"),
        ),
        (
            "Where, when and why did the Orvane talks collapse?",
            (
                "Where did the Orvane talks collapse?",
                "When did the Orvane talks collapse?",
                "Why did the Orvane talks collapse?",
            ),
        ),
        (
            "When and by whom was the ferry Halden salvaged?",
            ("When was the ferry Halden salvaged?", "By whom was the ferry Halden salvaged?"),
        ),
        (
            "Do you know when and where the Orvane cup was held?",
            ("Do you know when the Orvane cup was held?", "Do you know where the Orvane cup was held?"),
        ),
        (
            "Tell me when and where the Orvane cup was held.",
            ("Tell me when the Orvane cup was held.", "Tell me where the Orvane cup was held."),
        ),
    ],
)
def test_question_words_before_one_predicate_each_get_the_whole_predicate(
    question: str, parts: tuple[str, ...]
) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    ("question", "second"),
    [
        ("Who fired on the convoy and why?", "Why did someone fire on the convoy?"),
        ("Who attacked the Brask depot? And when?", "When did someone attack the Brask depot?"),
        ("What sank off Orvane and how?", "How did something sink off Orvane?"),
        ("Which ministers resigned in Orvane, and why?", "Why did ministers resign in Orvane?"),
        ("Which Orvanian minister was dismissed and when?", "When was an Orvanian minister dismissed?"),
        ("How many houses burned in Brask and why?", "Why did houses burn in Brask?"),
        ("How many were killed and where?", "Where were people killed?"),
        ("How much gold was stolen from the Brask mint and by whom?", "By whom was gold stolen from the Brask mint?"),
        ("When did the Halden sail and from where?", "From where did the Halden sail?"),
        ("How many ships did the navy sink and where?", "Where did the navy sink ships?"),
        ("Whom did Mara Lind meet in Orvane and why?", "Why did Mara Lind meet someone in Orvane?"),
        ("What time did the Brask parade start and where?", "Where did the Brask parade start?"),
        ("Were the talks held and, if so, where?", "Where were the talks held?"),
        ("Who will lead the Brask council and when?", "When will someone lead the Brask council?"),
    ],
)
def test_a_question_word_at_the_end_asks_the_same_event_for_something_else(question: str, second: str) -> None:
    parts = parts_of(question)
    assert len(parts) == 2
    assert parts[0].rstrip("?") == question[: len(parts[0]) - 1], "the first part keeps its own words"
    assert parts[1] == second


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "How many were killed, and how many were wounded?",
            ("How many were killed?", "How many were wounded?"),
        ),
        (
            "What did Mara Lind say? And what did Joren Vass reply?",
            ("What did Mara Lind say?", "What did Joren Vass reply?"),
        ),
        (
            "Why did the Brask mine close; when will the Brask mine reopen?",
            ("Why did the Brask mine close?", "When will the Brask mine reopen?"),
        ),
        (
            "Who designed the tower and who paid for the tower?",
            ("Who designed the tower?", "Who paid for the tower?"),
        ),
        (
            "Which party won the vote in Orvane, and which party lost the vote in Brask?",
            ("Which party won the vote in Orvane?", "Which party lost the vote in Brask?"),
        ),
    ],
)
def test_two_whole_questions_are_two_parts(question: str, parts: tuple[str, ...]) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    ("question", "second"),
    [
        ("Who leads the group and what does it want?", "What does the group want?"),
        ("Who was Mara Lind and what did she write?", "What did Mara Lind write?"),
        ("When was the mayor shot and who shot him?", "Who shot the mayor?"),
        ("When did Mara Lind arrive in Brask and whom did she meet?", "Whom did Mara Lind meet?"),
        ("When did the rebels leave Brask and where did they go?", "Where did the rebels go?"),
        ("Why did the ferry sink and who was its captain?", "Who was the ferry's captain?"),
        ("Was Mara Lind re-elected, and did she accept the post?", "Did Mara Lind accept the post?"),
        ("When did Mara Lind resign and who replaced her in Brask?", "Who replaced Mara Lind in Brask?"),
    ],
)
def test_a_pronoun_takes_the_only_noun_that_it_can_stand_for(question: str, second: str) -> None:
    assert parts_of(question)[1:] == (second,)


@pytest.mark.parametrize(
    "question",
    [
        "Who shot the mayor and why did he do it?",  # he: the one asked for
        "When did Mara Lind meet Joren Vass and what did he say?",  # either of them, as far as grammar tells
        "When did the group attack Brask and what does it want?",
        "What did the minister announce and when will it start?",
        "How many people were on the boat and where did it sink?",
        "Who was Mara Lind's killer and where is she buried?",
        "Who led the raid in Brask, and how was that possible?",
        "If the ferry can be raised, who pays for it and why?",
    ],
)
def test_a_pronoun_with_no_certain_noun_leaves_the_question_whole(question: str) -> None:
    assert parts_of(question) == (question,)


def test_counts_of_one_event_share_its_place_and_what_is_counted() -> None:
    expected = (
        "How many people were killed in the Brask fire?",
        "How many people were wounded in the Brask fire?",
    )
    assert parts_of("How many people were killed in the Brask fire and how many were wounded?") == expected
    assert parts_of("How many people were killed and how many wounded in the Brask fire?") == expected


def test_two_counts_are_two_questions_but_one_count_of_two_things_is_one() -> None:
    assert parts_of("How many soldiers and how many civilians were killed in Brask?") == (
        "How many soldiers were killed in Brask?",
        "How many civilians were killed in Brask?",
    )
    together = "How many soldiers and civilians were killed in Brask?"
    assert parts_of(together) == (together,)


def test_what_several_speakers_said_is_asked_of_each() -> None:
    assert parts_of("What did Turkey and Iran say about it?") == (
        "What did Turkey say about it?",
        "What did Iran say about it?",
    )
    assert parts_of("What do Orvane, Brask and the Halden League want?") == (
        "What does Orvane want?",
        "What does Brask want?",
        "What does the Halden League want?",
    )


@pytest.mark.parametrize(
    "question",
    [
        "What did Orvane and Brask sign in 1990?",
        "When did Orvane and Brask respond?",
        "What did both Orvane and Brask demand?",
        "What did Orvane and Brask say to each other?",
        "What did the House and Senate demand?",
        "What did the Orvanian and Braskan ministers say?",
        "What did Bosnia and Herzegovina say?",
        "What did Lind and Lind announce?",
        "What did the Ministry of Health and Sports say?",
        "What did the Orvane Trade and Customs Office say?",
    ],
)
def test_names_that_act_together_or_are_one_name_stay_together(question: str) -> None:
    assert parts_of(question) == (question,)


@pytest.mark.parametrize(
    "question",
    [
        "Who fired on the convoy?",
        "What is the difference between Orvane and Brask?",
        "Which is larger, Orvane or Brask?",
        "Which is older and which is larger, Orvane or Brask?",
        "How did the war between Orvane and Brask begin and end?",
        "Which city hosted the games and was later destroyed?",
        "Who wrote the anthem and performed it in Brask?",
        "Who decides who lives and who dies?",
        "Did the report say who fired and why?",
        "Who does the Orvane Post say fired first, and why?",
        "What did the minister say about who fired and why they fired?",
        "What is the name of the river that rises in Orvane and where does the river end?",
        "When the dam broke, what did the minister say and who died?",
        "Who wrote “When and where did it begin, and who began it?”",
        'Who sang "Who are you and why" in Brask?',
        "Who said what and when?",
        "Is the Brask bridge safe, and why?",  # should it not be, "why is it safe" would be a wrong question
        "Why?",
        "When and where?",
        "",
    ],
)
def test_one_question_is_left_as_it_is(question: str) -> None:
    assert parts_of(question) == (question,)


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (
            "Who paid off the debt in 2019, and who spoke in 2024?",
            ("Who paid off the debt in 2019?", "Who spoke in 2024?"),
        ),
        (
            "When was the bridge closed, and why did the mayor resign?",
            ("When was the bridge closed?", "Why did the mayor resign?"),
        ),
        ("Who won the cup, and when does Mara Lind retire?", ("Who won the cup?", "When does Mara Lind retire?")),
    ],
)
def test_a_part_with_a_date_a_name_or_a_thing_of_its_own_is_not_lost(question: str, parts: tuple[str, ...]) -> None:
    assert parts_of(question) == parts


@pytest.mark.parametrize(
    "question",
    [
        "Who attacked the Brask convoy, and who was the driver?",
        "Who attacked the Brask convoy and what did the police say?",  # said of what?
        "How many people died in Brask? Who was blamed?",
        "What did the minister announce and when?",  # "when did the minister announce something"
        "Who won and when?",
        "Who won the election in Brask and who lost?",
        "What is the Halden pact and what services are provided?",
    ],
)
def test_a_question_stays_whole_where_a_part_would_lose_what_it_is_about(question: str) -> None:
    assert parts_of(question) == (question,)


@pytest.mark.parametrize(
    "question",
    [
        "Wann und wo fanden die Gespräche statt?",
        "Was sagte der Minister? Was antwortete er?",
        "¿Cuándo y dónde tuvieron lugar las conversaciones?",
        "Quand et où les pourparlers ont-ils eu lieu ?",
        "Hvem angrep konvoien, og hvorfor?",
        "Кто открыл огонь и почему?",
    ],
)
def test_a_question_in_another_language_is_left_as_it_is(question: str) -> None:
    assert parts_of(question) == (question,)


def test_an_opening_that_sets_the_scene_belongs_to_every_part() -> None:
    assert parts_of("According to the Orvane Post, who fired on the buses and why?") == (
        "According to the Orvane Post, who fired on the buses?",
        "According to the Orvane Post, why did someone fire on the buses?",
    )


def test_more_than_three_parts_keep_the_rest_together_in_the_last() -> None:
    parts = parts_of("When was Mara Lind born, when did she die, where did she live and who was her father?")
    assert len(parts) == MOST_PARTS
    assert parts[-1] == "Where did Mara Lind live? Who was Mara Lind's father?"


def test_quotations_and_names_come_back_as_they_were_written() -> None:
    assert parts_of("Who called the fire in Brask “a crime and a shame” and when?") == (
        "Who called the fire in Brask “a crime and a shame”?",
        "When did someone call the fire in Brask “a crime and a shame”?",
    )


def test_spaces_and_a_missing_question_mark_do_not_matter() -> None:
    assert parts_of("  when and  where was orvane founded ") == (
        "When was orvane founded?",
        "Where was orvane founded?",
    )


@pytest.mark.parametrize("piece", ["when and ", "who and why ", "What did Ab, Cd, ", "in a, ", "how many a and ", "“ "])
def test_hostile_lengths_take_no_time(piece: str) -> None:
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    began = time.perf_counter()
    parts_of(text)
    assert time.perf_counter() - began < 1
    assert parts_of(text + "x") == (text + "x",), "a text longer than the limit is not looked into"
