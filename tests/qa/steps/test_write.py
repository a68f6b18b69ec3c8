"""What is shown of a draft, and the sentence that takes its place."""

from onrecord.index import Sentence
from onrecord.qa.steps.write import counts_another, sources_cover_answer, with_lead_in
from onrecord.qa.types import AnswerSentence, Evidence


def test_the_sentence_before_leads_in() -> None:
    before = Evidence(1, Sentence("a", 3, 0, 9, "Abdurrahman spoke."), title="a")
    item = Evidence(2, Sentence("a", 4, 10, 20, "He estimated 5,000."), title="a")
    assert with_lead_in(item, [before, item]) == "Abdurrahman spoke. He estimated 5,000."


def test_a_draft_needs_a_source_about_the_question_that_holds_its_answer() -> None:
    question = "Who said that every law of war had been broken?"
    other = Evidence(1, Sentence("a", 0, 0, 9, "Ambassador Jaafari called Aleppo free."), title="Aleppo")
    right = Evidence(2, Sentence("a", 1, 9, 9, "Rycroft said every law of war had been broken."), title="Aleppo")
    assert not sources_cover_answer(question, AnswerSentence("Ambassador Jaafari.", (other.cite(),), "supported"))
    assert sources_cover_answer(question, AnswerSentence("Rycroft.", (right.cite(),), "supported"))
    assert not sources_cover_answer(
        question, AnswerSentence("Jaafari said every law of war was broken.", (right.cite(),), "supported")
    )


def test_who_is_counted_may_be_anybody_where_people_are_asked_for() -> None:
    texts = (
        "Rebel shelling killed six civilians.",
        "Buses came for 5,000 people.",
        "There were 40 buses and 9 fighters.",
    )
    items = [Evidence(n, Sentence("a", n, 0, 9, text), title="a") for n, text in enumerate(texts, start=1)]
    assert counts_another("How many people were killed in the shelling?", "Six civilians were killed.", items) is None
    assert counts_another("How many fighters were there?", "There were 5,000 people.", items) == items[2]
