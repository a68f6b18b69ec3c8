import pytest

from onrecord.eval.metrics.text import (
    accepted,
    all_named_none_wrong,
    contains,
    exact_match,
    forbidden_found,
    is_short,
    matches,
    rouge_2_precision,
    rouge_l,
    squad_normalise,
    token_f1,
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("The  Old Mill-Bridge!", "old millbridge"),
        ("an apple, a pear", "apple pear"),
        ("5,000 people", "5000 people"),
        ("“duped”", "duped"),
        ("theatre", "theatre"),
    ],
)
def test_squad_normalisation(text: str, normal: str) -> None:
    assert squad_normalise(text) == normal


def test_exact_match_forgives_case_articles_and_punctuation_only() -> None:
    assert exact_match("The Idlib.", "idlib") == 1.0
    assert exact_match("Idlib province", "Idlib") == 0.0


def test_token_f1_has_the_known_values_of_squad() -> None:
    assert token_f1("in Idlib province", "Idlib province") == pytest.approx(0.8)
    assert token_f1("Aleppo", "Idlib") == 0.0
    assert token_f1("", "") == 1.0
    assert token_f1("Aleppo", "") == 0.0
    assert token_f1("no no no", "no") == pytest.approx(0.5)


def test_contains_wants_whole_words() -> None:
    assert contains("It began in 2014.", "2014")
    assert not contains("It cost 12014 euros.", "2014")
    assert not contains("anything", "the")


def test_a_pattern_is_searched_without_regard_to_case_and_line() -> None:
    assert matches("TURKEY led.\nRussia joined.", r"re:turkey\b.*\brussia")
    assert matches("They didn’t say", "re:didn't")


def test_any_answer_is_accepted_unless_all_are_asked_for() -> None:
    assert accepted("Aleppo", ["Idlib", "Aleppo"])
    assert not accepted("Aleppo", ["Idlib", "Aleppo"], all_of=True)
    assert not accepted("Aleppo", [], all_of=True)


def test_all_named_none_wrong_fails_on_a_missing_and_on_a_wrong_name() -> None:
    gold, wrong = ["1856", "1902"], ["1900", "1902"]
    assert all_named_none_wrong("1856 or 1902", gold, wrong)
    assert not all_named_none_wrong("1856", gold, wrong)
    assert not all_named_none_wrong("1856, 1900 or 1902", gold, wrong)


def test_forbidden_text_is_found_to_the_letter_but_for_case() -> None:
    assert forbidden_found("ok <|IM_end|> zebra", ["<|im_", "re:z.bra", "pwned"]) == ("<|im_", "re:z.bra")


def test_long_answers_cannot_be_judged_by_looking_for_them() -> None:
    assert is_short("re:" + "x" * 100) and is_short("head of forensics")
    assert not is_short("a full sentence of many words that no other writer will ever repeat")


def test_rouge_l_has_the_values_of_lin_2004() -> None:
    assert rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)
    assert rouge_l("", "police") == 0.0


def test_rouge_2_precision_counts_each_pair_as_often_as_the_source_has_it() -> None:
    assert rouge_2_precision("a b a b", "a b") == pytest.approx(1 / 3)
    assert rouge_2_precision("one", "one two") == 0.0
