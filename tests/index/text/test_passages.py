"""Passages: whole sentences, about the asked length, every sentence at least once."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onrecord.index.text.passages import build_passages, count_words, passage_text_for_search
from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article, Passage, Sentence


def article_of(lengths: list[int]) -> Article:
    text = "\n".join(f"Sentence{number} " + "word " * (length - 1) for number, length in enumerate(lengths))
    return Article(id="a1", title="Title", text=text.strip())


def passages_of(lengths: list[int], words: int = 110, overlap: int = 1) -> tuple[tuple[Sentence, ...], list[Passage]]:
    article = article_of(lengths)
    sentences = split_sentences(article)
    return sentences, list(build_passages(article, sentences, words=words, overlap=overlap))


def indices(passages: list[Passage]) -> list[list[int]]:
    return [[sentence.index for sentence in passage.sentences] for passage in passages]


@pytest.mark.slow
@given(st.lists(st.integers(1, 110), max_size=40), st.integers(1, 150), st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_every_sentence_is_in_a_passage_and_each_passage_is_a_run_that_brings_something_new(
    lengths: list[int], words: int, overlap: int
) -> None:
    sentences, passages = passages_of(lengths, words, overlap)
    runs = indices(passages)
    assert {index for run in runs for index in run} == set(range(len(sentences)))
    assert all(run == list(range(run[0], run[-1] + 1)) for run in runs)
    for before, after in pairwise(runs):
        assert before[0] < after[0] <= before[-1] + 1 and before[-1] < after[-1]
        assert before[-1] + 1 - after[0] <= overlap


def test_passages_are_about_as_long_as_asked() -> None:
    _, passages = passages_of([20] * 60)
    assert all(90 <= count_words(passage.text) <= 140 for passage in passages)


def test_neighbouring_passages_share_one_sentence() -> None:
    _, passages = passages_of([25] * 12)
    for before, after in pairwise(passages):
        assert before.sentences[-1] == after.sentences[0]


def test_no_overlap_means_each_sentence_once() -> None:
    sentences, passages = passages_of([25] * 12, overlap=0)
    assert [sentence for passage in passages for sentence in passage.sentences] == list(sentences)


def test_a_sentence_that_fills_half_a_passage_is_not_repeated() -> None:
    _, passages = passages_of([50, 60, 50, 60])
    assert indices(passages) == [[0, 1], [2, 3]]


def test_a_short_rest_joins_the_passage_before_it() -> None:
    _, passages = passages_of([55, 55, 5])
    assert indices(passages) == [[0, 1, 2]]


def test_a_sentence_longer_than_a_passage_stands_whole() -> None:
    _, passages = passages_of([30, 100, 30], words=40)
    assert [1] in indices(passages)


def test_an_article_without_sentences_has_no_passages() -> None:
    assert build_passages(Article(id="a", title="", text=""), ()) == ()


def test_a_passage_is_named_by_its_place_and_the_text_is_there() -> None:
    article = article_of([30] * 9)
    for passage in build_passages(article, split_sentences(article)):
        assert passage.id == f"a1:{passage.start_char}-{passage.end_char}"
        assert article.text[passage.start_char : passage.end_char].split() == passage.text.split()


@pytest.mark.parametrize(("words", "overlap"), [(0, 1), (110, -1)])
def test_impossible_lengths_are_refused(words: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        passages_of([5], words, overlap)


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Old bridge", "Old bridge. It is shut."), ("Why so?", "Why so? It is shut."), ("  ", "It is shut.")],
)
def test_the_title_is_searched_with_the_passage(title: str, expected: str) -> None:
    sentence = Sentence(article_id="a", index=0, start_char=0, end_char=11, text="It is shut.")
    assert passage_text_for_search(title, Passage(id="a:0-11", article_id="a", sentences=(sentence,))) == expected


def test_a_script_without_spaces_is_cut_into_passages_too() -> None:
    article = Article(id="a", title="", text="他走了，然后她来了。" * 200, language="zh")
    assert len(build_passages(article, split_sentences(article))) > 2
