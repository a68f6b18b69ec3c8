"""A draft cut into sentences, and the sentence that takes its place."""

from pathlib import Path

import pytest

from onrecord.index import Sentence
from onrecord.index.text.sentences import sentence_spans
from onrecord.qa.steps.write import Marked, SentenceStream, with_lead_in
from onrecord.qa.types import Evidence


def marked_sentences(text: str) -> list[Marked]:
    stream = SentenceStream()
    return stream.feed(text) + stream.close()


def bare(text: str) -> list[str]:
    return [sentence for sentence, _ in marked_sentences(text)]


def test_the_sentence_before_leads_in() -> None:
    before = Evidence(1, Sentence("a", 3, 0, 9, "Abdurrahman spoke."), title="a")
    item = Evidence(2, Sentence("a", 4, 10, 20, "He estimated 5,000."), title="a")
    assert with_lead_in(item, [before, item]) == [before, item]
    assert with_lead_in(before, [before, item]) == [before]


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
    assert bare(text) == [text]


def test_a_quotation_stays_with_its_sentence() -> None:
    assert bare('"Stop it," he said. "Now!" She left.') == ['"Stop it," he said.', '"Now!"', "She left."]


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
    assert bare(text) == sentences


def test_a_stream_of_single_characters_is_cut_as_the_whole_text_is() -> None:
    seeds = [path.read_text(encoding="utf-8") for path in (Path(__file__).parents[3] / "seeds").glob("*.txt")]
    for text in (paragraph for seed in seeds for paragraph in seed.split("\n\n")):
        stream = SentenceStream()
        assert [done for letter in text for done in stream.feed(letter)] + stream.close() == marked_sentences(text)


def test_a_sentence_is_held_back_while_a_marker_may_follow() -> None:
    stream = SentenceStream()
    assert stream.feed("It fell. ") == []
    assert stream.feed("[1] Then") == [("It fell.", (1,))]
