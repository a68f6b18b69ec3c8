"""Names are put together only where they must be one person's."""

import pytest

from onrecord.qa.people.naming import fits, merged, same_person


def test_a_last_name_belongs_to_the_only_full_name() -> None:
    assert merged({"Lavrov": 5, "Sergei Lavrov": 1, "Sergey Lavrov": 2}) == dict.fromkeys(
        ("Lavrov", "Sergei Lavrov", "Sergey Lavrov"), "Sergey Lavrov"
    )


def test_two_people_of_one_last_name_stay_two_and_the_last_name_neither() -> None:
    assert merged({"Johnson": 9, "Boris Johnson": 1, "Mike Johnson": 1}) == {
        one: one for one in ("Johnson", "Boris Johnson", "Mike Johnson")
    }


def test_an_organisation_lends_its_last_word_to_nobody() -> None:
    assert merged({"CDC": 9, "Maine CDC": 1, "Times": 1, "York Times": 2}) == {
        one: one for one in ("CDC", "Maine CDC", "Times", "York Times")
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Sergei Lavrov", "Sergey V. Lavrov", True),
        ("Recep Tayyip Erdoğan", "President Recep Tayyip Erdogan", True),
        ("J. Ode", "John Ode", True),
        ("John Ode Jr.", "John Ode", True),
        ("John Ode", "Jane Ode", False),
        ("Dan Ode", "Don Ode", False),
        ("White House", "Blue House", False),
    ],
)
def test_full_names_are_one_where_they_begin_and_end_alike(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


@pytest.mark.parametrize(
    ("asked", "name", "yes"),
    [
        ("lavrov", "Sergey Lavrov", True),
        ("Sergei Lavrov", "Sergey Lavrov", True),
        ("Erdogan", "Recep Tayyip Erdoğan", True),
        ("Tayyip Erdogan", "Recep Tayyip Erdoğan", True),
        ("Love", "Sergey Lavrov", False),
    ],
)
def test_somebody_is_found_by_a_part_of_the_name(asked: str, name: str, yes: bool) -> None:
    assert fits(asked, name) is yes
