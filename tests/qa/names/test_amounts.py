"""Amounts of money, percentages and measures are told from other numbers, and the same amount has one name."""

import pytest

from onrecord.qa.names.amounts import amounts


@pytest.mark.parametrize(
    ("text", "name", "written"),
    [
        ("It brought in $9 billion last year.", "$9 billion", "$9 billion"),
        ("It costs five million dollars.", "$5 million", "five million dollars"),
        ("It costs US$1,500.", "$1,500", "US$1,500"),
        ("It costs A$20.", "A$20", "A$20"),
        ("It costs £2.4m.", "£2.4 million", "£2.4m"),
        ("Some 70 percent agreed.", "70%", "70 percent"),
        ("Growth was 13.2% then.", "13.2%", "13.2%"),
        ("Winds of 80-mph came.", "80 mph", "80-mph"),
        ("They are 3 to 4 degrees warmer.", "3 to 4 degrees", "3 to 4 degrees"),
        ("The bar weighs 1 oz. of gold.", "1 ounces", "1 oz."),
        ("It is 12 kilometres.", "12 km", "12 kilometres"),
        ("It holds 200 litres.", "200 litres", "200 litres"),
    ],
)
def test_an_amount_has_a_name_and_a_place(text: str, name: str, written: str) -> None:
    (found,) = amounts(text)
    assert (found.name, text[found.start : found.end]) == (name, written)


@pytest.mark.parametrize(
    "text",
    [
        "Four people died.",
        "She is 32.",
        "On 12 March 2016 at 5 p.m.",
        "The 14th time.",
        "They won 28-24.",
        "Highway 40 in Ohio.",
    ],
)
def test_a_number_without_a_unit_is_none(text: str) -> None:
    assert list(amounts(text)) == []
