from pathlib import Path

import pytest

from onrecord.index.text.sentences import sentence_spans
from onrecord.index.types import Article, Sentence
from onrecord.qa.steps.cite import SentenceStream, align, marked_sentences, split_answer
from onrecord.qa.types import Evidence


def evidence_of(*texts: str, published: str = "") -> list[Evidence]:
    return [
        Evidence(n, Sentence("a", n, 0, len(text), text), "A title", published=published)
        for n, text in enumerate(texts, start=1)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It fell [1].", [("It fell.", (1,))]),
        ("It fell. [1] It rose. [2][3]", [("It fell.", (1,)), ("It rose.", (2, 3))]),
        ("It fell [1, 2].", [("It fell.", (1, 2))]),
        ("It fell【4】.", [("It fell.", (4,))]),
        ("It fell [2-4].", [("It fell.", (2, 3, 4))]),
        ("- It fell [1]\n- It rose [2]", [("It fell", (1,)), ("It rose", (2,))]),
        ("It fell [1]. The rest [2", [("It fell.", (1,)), ("The rest", ())]),
    ],
)
def test_markers_are_taken_out_and_kept_beside_their_sentence(
    text: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert marked_sentences(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Addo of the U.S. embassy objects.",
        "It began at 11:30 p.m. Wednesday in Aleppo.",
        "Repairs cost 2.4 million euros.",
        "J. K. Rowling met Gen. Smith on Jan. 5.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(text: str) -> None:
    assert split_answer(text) == [text]


def test_a_quotation_stays_with_its_sentence() -> None:
    assert split_answer('"Stop it," he said. "Now!" She left.') == ['"Stop it," he said.', '"Now!"', "She left."]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_size_of_the_pieces_does_not_change_what_a_stream_yields(size: int) -> None:
    text = 'It fell [1]. [2] Mr. Addo objects.[3] "Never!" he said [4, 5]. The end'
    stream = SentenceStream()
    found = [done for at in range(0, len(text), size) for done in stream.feed(text[at : at + size])]
    assert found + stream.close() == marked_sentences(text)


@pytest.mark.parametrize(
    "sentences",
    [
        ["He spoke for the U.S.", "He met Trump."],
        ["It began before World War I.", "The army left."],
        ["She asked who was there.", "“Who is it?” she said."],
        ["It was founded by Apple Inc.", "The firm is new."],
    ],
)
def test_the_model_s_words_are_cut_where_an_article_s_are(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences
    assert split_answer(text) == sentences


def test_a_stream_of_single_characters_is_cut_as_the_whole_text_is() -> None:
    seeds = [path.read_text(encoding="utf-8") for path in (Path(__file__).parents[3] / "seeds").glob("*.txt")]
    for text in (paragraph for seed in seeds for paragraph in seed.split("\n\n")):
        stream = SentenceStream()
        assert [done for letter in text for done in stream.feed(letter)] + stream.close() == marked_sentences(text)


def test_a_sentence_is_held_back_while_a_marker_may_follow() -> None:
    stream = SentenceStream()
    assert stream.feed("It fell. ") == []
    assert stream.feed("[1] Then") == [("It fell.", (1,))]


def test_the_sentence_that_was_copied_is_cited_whatever_the_marker_says(articles: tuple[Article, ...]) -> None:
    evidence = evidence_of(*[line for article in articles for line in article.text.split("\n")])
    cited = align("Divers recovered 312 silver coins from the harbour.", evidence, suggested=(1,))
    assert [item.sentence.text.split()[0] for item in cited] == ["Divers"]


def test_two_facts_from_two_sentences_get_two_citations() -> None:
    evidence = evidence_of(
        "Mayor Ilse Brandt said repairs would cost 2.4 million euros.",
        "The boat holds 60 people.",
        "Councillor Tom Addo said the work would cost at least 5 million euros.",
    )
    cited = align("Brandt said repairs cost 2.4 million euros, Addo said at least 5 million euros.", evidence)
    assert [item.number for item in cited] == [1, 3]


def test_one_sentence_that_covers_everything_is_cited_alone() -> None:
    evidence = evidence_of("The boat holds 60 people.", "The boat holds 60 people and runs every 20 minutes.")
    assert [item.number for item in align("The boat holds 60 people and runs every 20 minutes.", evidence)] == [2]


def test_the_markers_decide_between_equal_sentences() -> None:
    evidence = evidence_of("The boat holds 60 people.", "The boat holds 60 people.")
    assert [item.number for item in align("The boat holds 60 people.", evidence)] == [1]
    assert [item.number for item in align("The boat holds 60 people.", evidence, suggested=(2,))] == [2]


def test_a_number_draws_the_citation_to_the_sentence_that_has_it() -> None:
    evidence = evidence_of("Repairs of the bridge would cost a lot.", "Repairs would cost 2,400,000 euros.")
    assert [item.number for item in align("Repairs would cost 2.4 million euros.", evidence)] == [2]


def test_what_nothing_supports_gets_no_citation() -> None:
    assert align("The stadium was sold to investors.", evidence_of("The boat holds 60 people.")) == ()
    assert align("The stadium was sold.", []) == ()
    assert align("", evidence_of("The boat holds 60 people.")) == ()


def test_no_more_than_the_allowed_citations_are_given() -> None:
    evidence = evidence_of("Alpha fell in March.", "Bravo rose in April.", "Charlie sank in June.")
    claim = "Alpha fell in March, Bravo rose in April and Charlie sank in June."
    assert len(align(claim, evidence)) == 3
    assert len(align(claim, evidence, max_citations=2)) == 2
