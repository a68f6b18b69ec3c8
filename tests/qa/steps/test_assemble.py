"""Parts put together: what is shown is numbered as it is read."""

from onrecord.index.types import Sentence
from onrecord.qa.steps.assemble import assemble
from onrecord.qa.steps.values import Asked, Checked, Found, Outcome, Part, Written
from onrecord.qa.types import AnswerSentence, Citation, Disagreement


def said(text: str, *numbers: int) -> AnswerSentence:
    """A sentence that cites these, each number being a place of its own."""
    places = (Sentence("a", number, 10 * number, 10 * number + 5, f"Quote {number}.") for number in numbers)
    cited = tuple(Citation(number, place, "A") for number, place in zip(numbers, places, strict=True))
    return AnswerSentence(text, cited, "supported")


def test_a_sentence_that_an_earlier_part_said_leaves_no_gap_in_the_numbers() -> None:
    first = Outcome(Part("one?"), Found(), Checked(), Written((said("It fell.", 1),)))
    differ = Disagreement("it", (said("It rose.", 4), said("It fell.", 1)))
    second = Outcome(
        Part("two?"), Found(), Checked(), Written((said("It fell.", 2), said("It rose.", 3, 4))), (differ,)
    )
    answer = assemble(Asked("one and two?", "one and two?"), Found(), [first, second])
    assert answer.text.splitlines()[0] == "It fell. [1] It rose. [2][3]"
    assert [[c.number for c in p.citations] for p in answer.disagreements[0].positions] == [[3], [1]]
    assert [c.quote for c in answer.citations] == ["Quote 1.", "Quote 3.", "Quote 4."]
