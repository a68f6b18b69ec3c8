import pytest

from onrecord.index.text.quantities import days, quantities, same_day, same_quantity
from onrecord.index.text.terms import Terms
from onrecord.index.text.words import plain, stem, words_of


def values(text: str) -> list[float]:
    return [quantity.value for quantity in quantities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5,000 people", [5000.0]),
        ("five thousand people", [5000.0]),
        ("twenty-one days", [21.0]),
        ("two thousand and five", [2005.0]),
        ("2.4 million euros", [2_400_000.0]),
        ("$1.8m and £3bn", [1_800_000.0, 3_000_000_000.0]),
        ("20 per cent, 12%", [20.0, 12.0]),
        ("won 28-24", [28.0, 24.0]),
        ("a dozen eggs", [12.0]),
        ("one of them said no", []),
    ],
)
def test_numbers_have_one_value_however_they_are_written(text: str, expected: list[float]) -> None:
    assert values(text) == expected


def test_a_tokenised_number_is_read_as_one_number_too() -> None:
    assert 3800.0 in values("about 3, 800 km away")
    assert 2.4 in values("at 2. 4 miles")


@pytest.mark.parametrize(
    ("claim", "found", "same"),
    [
        ("5,000 fighters", "five thousand fighters", True),
        ("more than 300 coins", "312 coins", True),
        ("more than 300 coins", "290 coins", False),
        ("about 3,000 men", "2,950 men", True),
        ("3,000 men", "2,950 men", False),
        ("over 15,000", "fewer than 15,000", False),
        ("12 percent", "12 people", False),
        ("at 11:30 p.m.", "at 23:30", True),
        ("at 5 a.m.", "at 6 a.m.", False),
    ],
)
def test_a_number_is_borne_out_by_the_same_number_or_by_what_its_rounding_word_allows(
    claim: str, found: str, same: bool
) -> None:
    assert same_quantity(quantities(claim)[0], quantities(found)[0]) is same


def test_dates_compare_by_the_parts_that_are_given() -> None:
    assert same_day(days("2 May")[0], days("May 2"))
    assert same_day(days("in May")[0], days("2 May 2024"))
    assert not same_day(days("12 May")[0], days("2 May"))
    assert not same_day(days("on Sunday")[0], days("on Monday"))


def test_a_weekday_and_the_day_of_publication_bear_out_a_full_date() -> None:
    dated = days("The truce collapsed on Wednesday.") + days("2016-12-14")
    assert same_day(days("14 December 2016")[0], dated)
    assert not same_day(days("16 December 2016")[0], dated)


def test_years_and_times_are_no_plain_numbers() -> None:
    assert values("struck in 1643") == []
    assert [day.year for day in days("struck in 1643")] == [1643]
    assert [quantity.kind for quantity in quantities("at 11:30 p.m.")] == ["time"]


def test_forms_of_a_word_share_a_stem() -> None:
    assert stem("evacuated") == stem("evacuation")
    assert stem("Turkish") == stem("Turkey's")
    assert stem("cease-fire") == stem("ceasefire")
    assert stem("said") == stem("says")


def test_names_leave_out_titles_weekdays_and_the_first_word_of_a_sentence() -> None:
    names = words_of("Residents fled. President Bashar Assad spoke with Sergey Lavrov on Tuesday.").names
    assert names == (("bashar", stem("Assad")), ("sergey", "lavrov"))


def test_a_speaker_who_opens_the_sentence_is_a_name() -> None:
    assert words_of("Addo said the cost was too low.").names == (("addo",),)


def test_a_negation_governs_the_word_that_follows_it() -> None:
    tokens = words_of("Russian pressure did not rescue the deal.").tokens
    assert [token.text for token in tokens if token.negated] == ["rescue"]


def test_what_is_denied_counts_as_negated() -> None:
    tokens = words_of("The media denied an agreement had been reached and left.").tokens
    assert {"agreement", "reached"} <= {token.text for token in tokens if token.negated}
    assert not any(token.negated for token in tokens if token.text == "left")


def test_an_allegation_governs_what_is_alleged() -> None:
    tokens = words_of("Buses were pulled back after militants allegedly fired on them.").tokens
    assert [token.text for token in tokens if token.alleged] == ["fired", "on", "them"]


def test_quotations_are_found_in_every_kind_of_mark() -> None:
    assert words_of("He felt “duped”.").quotes == ("duped",)
    assert words_of('She said: "Stay at home."').quotes == ("Stay at home.",)
    assert words_of("It's the city's bridge.").quotes == ()


def test_reporting_verbs_are_noticed() -> None:
    assert words_of("According to al-Masdar, it fell.").reports
    assert not words_of("The bridge fell.").reports


def test_a_word_that_opens_a_sentence_is_a_name_only_before_one_in_the_same_sentence() -> None:
    assert words_of("Thanks. Now, how many left?").names == ()
    assert words_of("Paris, France, is calm.").names[0] == ("pari",)


@pytest.mark.parametrize(
    ("plain_letters", "accents"), [("Erdogan", "Erdoğan"), ("Walesa", "Wałęsa"), ("Beyonce", "Beyoncé")]
)
def test_search_and_judges_read_a_name_with_and_without_its_accents_as_one(plain_letters: str, accents: str) -> None:
    assert Terms()(plain_letters) == Terms()(accents)
    assert words_of(plain_letters).names == words_of(accents).names
    assert words_of(accents).stems == frozenset(Terms()(accents))
    assert plain(f"“{accents}!”") == plain(plain_letters)


@pytest.mark.parametrize("text", ["The U.S. sent 5,000 soldiers, didn't it?", "Who won? The WHO won 2.4 per cent."])
def test_search_indexes_what_judges_take_for_content(text: str) -> None:
    assert Terms()(text) == [token.stem for token in words_of(text).tokens if token.content]
