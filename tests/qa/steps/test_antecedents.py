"""Whom "he" means: named where one person may be meant, and nobody where two may, or none."""

from pathlib import Path

import pytest

from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Sentence
from onrecord.qa.render import quote_text, said_text
from onrecord.qa.steps.antecedents import antecedent
from onrecord.qa.steps.cite import quoted
from onrecord.qa.types import AnswerSentence, Citation, Evidence

SEED = next(Path(__file__).parents[3].glob("seeds/000*")).read_text(encoding="utf-8")


def who(text: str) -> str:
    """Whom the last sentence means, as it is shown."""
    sentences = split_sentences(Article("a", "", text))
    found = antecedent(text, sentences, len(sentences) - 1)
    if found is None:
        return ""
    assert text[found.start_char : found.start_char + len(found.name)] == found.name
    return found.name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "Mayor Ilse Brandt closed the bridge. Rain fell. Brandt spoke on Monday. She said it was unsafe.",
            "Ilse Brandt",
        ),
        ("Kwame Ode, 41, runs the ferry. “It holds 60,” he said.", "Kwame Ode"),
        ("Tom Addo opposed it. He called it waste. It was dear. He voted against it.", "Tom Addo"),
        ("Curator Nadia Roux found the coins. Her team cleaned them.", "Nadia Roux"),
        ("Nadia Roux met Tom Addo. She praised the work.", "Nadia Roux"),
        ("Zyx Qurr, a runner, fell. Asked about it, he shrugged.", "Zyx Qurr"),
    ],
)
def test_one_clear_person_is_named_in_full(text: str, name: str) -> None:
    assert who(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "Tom Addo met Paul Ames. He was late.",
        "Tom Addo spoke to a witness. He was late.",
        "Ilse Brandt spoke. He was late.",  # a woman's first name
        "Dr. Sands spoke. She said she was late. He was late.",
        "Tom Addo’s lawyer spoke. He was late.",
        "The jury heard of Tom Addo. He was late.",
        "Tom Addo said: “My brother came. He was late.”",
        "Tom Addo spoke. Officials said he was late. Smith nodded. He left.",
        "The bridge was closed. He was late.",
        "He was late.",
        "Tom Addo spoke. He said Addo was late.",
        "Photo: Tom Addo/AP\nHe was late.",
        "Tom Addo spoke. The bridge was closed.",
        "Thomas Ames spoke. Paul Ames spoke. Ames left. He was late.",
    ],
)
def test_nobody_is_named_where_it_is_not_clear(text: str) -> None:
    assert who(text) == ""


def test_the_estimate_in_the_seed_article_is_named_by_the_sentence_before() -> None:
    [sentence] = [one for one in split_sentences(Article("a", "", SEED)) if one.text.startswith("He estimated")]
    found = antecedent(SEED, split_sentences(Article("a", "", SEED)), sentence.index)
    assert found is not None and (found.name, found.behind) == ("Rami Abdurrahman", 2)
    cited = Citation(1, sentence, "Aleppo", who=found.name, who_at=found.behind)
    assert quote_text(cited).startswith("He [Rami Abdurrahman] estimated there were 5,000 fighters")
    assert cited.quote == SEED[sentence.start_char : sentence.end_char]


def test_a_draft_takes_the_name_only_where_it_begins_as_its_quotes_do() -> None:
    def cited(number: int, name: str) -> Citation:
        return Citation(number, Sentence("a", number, 0, 9, "His boat sank."), "t", who=name, who_at=3)

    def said(text: str, *citations: Citation) -> str:
        return said_text(AnswerSentence(text, citations, "supported"))

    assert said("His boat sank.", cited(1, "Tom Addo")) == "His [Tom Addo’s] boat sank."
    assert said("His boat was lost.", cited(1, "Tom Addo")) == "His [Tom Addo’s] boat was lost."
    assert said("History was made.", cited(1, "Tom Addo")) == "History was made."
    assert said("His boat sank.", cited(1, "Tom Addo"), cited(2, "Paul Ames")) == "His boat sank."


def test_the_sentence_before_is_cited_too_where_nobody_is_named() -> None:
    before = Evidence(1, Sentence("a", 3, 0, 9, "Two men spoke."), title="a")
    item = Evidence(2, Sentence("a", 4, 10, 20, "He estimated 5,000."), title="a")
    clear = Evidence(2, item.sentence, title="a", who="Tom Addo", who_at=2)
    whole = Evidence(2, Sentence("a", 4, 10, 20, "Addo estimated 5,000."), title="a")
    assert [one.quote for one in quoted(item, [before, item]).citations] == [item.quote, before.quote]
    assert [one.quote for one in quoted(clear, [before, clear]).citations] == [item.quote]
    assert [one.quote for one in quoted(whole, [before, whole]).citations] == [whole.quote]
