"""What the exact judge calls a difference between two sentences of different articles, and what it does not."""

import pytest

from onrecord.qa.judges.differs import ExactJudge, Finding, Statement

TITLE = "Storm in Larnville"


def judged(one: str, other: str, *, days: tuple[str, str] = ("2024-03-04", "2024-03-04")) -> Finding | None:
    return ExactJudge().differs(Statement(one, TITLE, days[0]), Statement(other, TITLE, days[1]))


def parts(one: str, other: str, finding: Finding | None) -> tuple[str, str, str]:
    assert finding is not None
    return finding.kind, one[slice(*finding.one)], other[slice(*finding.other)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (
            "The storm in Larnville killed at least four people on Monday, officials said.",
            "Officials said that the storm in Larnville killed at least nine people on Monday.",
            ("number", "four", "nine"),
        ),
        (
            "Mayor Ilse Brandt said the repair of the Larnville bridge would cost 2.4 million euros.",
            "The repair of the Larnville bridge would cost 2.4 million dollars, Mayor Ilse Brandt said.",
            ("currency", "2.4 million euros", "2.4 million dollars"),
        ),
        (
            "The trial of Tom Addo in Larnville is scheduled to start on June 20.",
            "In Larnville, the trial of Tom Addo is scheduled to start on June 3.",
            ("date", "June 20", "June 3"),
        ),
        (
            "Turkish Foreign Minister Mevlut Cavusoglu and his Russian counterpart, Sergey Lavrov, spoke by telephone.",
            "Russian Defence Minster Sergey Lavrov said that the demand was a ploy.",
            ("post", "counterpart", "Russian Defence Minster"),
        ),
        (
            "The Syrian military denied an agreement had been reached.",
            "Hours had passed since the agreement was reached, the Syrian president said.",
            ("denial", "agreement had been reached", "agreement was reached"),
        ),
    ],
)
def test_what_cannot_both_be_so_is_found_with_the_words_that_differ(
    one: str, other: str, expected: tuple[str, str, str]
) -> None:
    assert parts(one, other, judged(one, other)) == expected
    kind, mine, theirs = expected
    assert parts(other, one, judged(other, one)) == (kind, theirs, mine)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            "The storm in Larnville damaged about 3,000 homes near the harbour.",
            "The storm in Larnville damaged 2,950 homes near the harbour.",
            id="a rounded number is the same",
        ),
        pytest.param(
            "The storm in Larnville killed four people on Monday.",
            "The storm in Larnville injured nine people on Monday.",
            id="dead and injured are not compared",
        ),
        pytest.param(
            "The storm damaged 300 homes near the harbour of Larnville.",
            "The storm damaged 500 homes near the harbour of Port Asel in Pell.",
            id="another place",
        ),
        pytest.param(
            "The storm in Larnville closed 40 schools near the harbour on Monday.",
            "The storm in Larnville closed 60 schools near the harbour on Tuesday.",
            id="another day",
        ),
        pytest.param(
            "The Larnville health office reported five cases of fever at the harbour.",
            "The Larnville health office reported nine new cases of fever at the harbour.",
            id="a total and an increase",
        ),
        pytest.param(
            "The 18-year-old suspect was arrested by Larnville police at the harbour.",
            "The 19-year-old suspect was arrested by Larnville police at the harbour.",
            id="two persons of different ages",
        ),
        pytest.param(
            "The storm in Larnville killed at least four people, officials said.",
            "The storm in Larnville killed 400 people in a century, officials said.",
            id="a number of another size counts something else",
        ),
        pytest.param(
            "Former Foreign Minister Ilse Brandt praised the harbour.",
            "Prime Minister Ilse Brandt praised the harbour.",
            id="an office that somebody had",
        ),
    ],
)
def test_what_may_both_be_so_is_no_difference(one: str, other: str) -> None:
    assert judged(one, other) is None
    assert judged(other, one) is None


def test_a_weekday_is_compared_within_two_days_of_reporting_alone() -> None:
    one = "The council of Larnville voted to close the harbour on Monday."
    other = "The council of Larnville voted to close the harbour on Tuesday."
    assert parts(one, other, judged(one, other, days=("2024-03-06", "2024-03-07"))) == ("date", "Monday", "Tuesday")
    assert judged(one, other, days=("2024-03-06", "2024-03-13")) is None
