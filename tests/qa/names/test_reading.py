"""What the whole article knows puts right what a model tags word by word."""

import pytest

from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article
from onrecord.qa.names.reading import amounts_in, named_in
from onrecord.qa.names.values import Found, NameKind


def read(text: str, tags: dict[str, NameKind]) -> list[Found]:
    """``tags``: what a model tags where it stands last."""
    article = Article("a", "", text)
    return named_in(
        article,
        split_sentences(article),
        [(text.rindex(one), text.rindex(one) + len(one), kind) for one, kind in tags.items()],
    )


def test_a_last_name_is_the_person_whose_full_name_the_article_has() -> None:
    text = "Juan Merchan set a date. It is May, Merchan said. Merchan’s clerk agreed."
    (found,) = read(text, {"Juan Merchan": "person", "Merchan": "organisation"})[:1]
    assert (found.kind, found.name, set(found.others)) == ("person", "Juan Merchan", {"Juan Merchan", "Merchan"})
    assert [text[start:end] for _, start, end in found.places] == ["Juan Merchan", "Merchan", "Merchan"]
    assert [index for index, _, _ in found.places] == [0, 1, 2]


def test_a_name_is_of_the_kind_that_it_is_tagged_with_most_often() -> None:
    text = "Gazprom rose. Gazprom fell. Gazprom slept."
    places = [0, text.index("Gazprom fell"), text.index("Gazprom slept")]
    article = Article("a", "", text)
    kinds: tuple[NameKind, ...] = ("organisation", "place", "organisation")
    tags = [(at, at + 7, kind) for at, kind in zip(places, kinds, strict=True)]
    (found,) = named_in(article, split_sentences(article), tags)
    assert (found.kind, len(found.places)) == ("organisation", 3)


def test_an_abbreviation_in_brackets_is_the_organisation() -> None:
    text = "The World Health Organization (WHO) met. The WHO agreed."
    found = {one.name: one for one in read(text, {"World Health Organization": "organisation", "WHO": "organisation"})}
    assert set(found) == {"World Health Organization"}
    assert set(found["World Health Organization"].others) == {"World Health Organization", "WHO"}
    assert len(found["World Health Organization"].places) == 3


def test_a_place_of_the_same_name_as_a_person_is_not_the_person() -> None:
    text = "Lloyd Austin spoke. He was born in Austin. Austin smiled."
    (found,) = [one for one in read(text, {"Lloyd Austin": "person"}) if one.kind == "person"]
    assert [start for _, start, _ in found.places] == [0, text.index("Austin smiled")]


@pytest.mark.parametrize(
    ("text", "tag", "kind", "name"),
    [
        ("They swam in Lake Powell.", ("Lake Powell", "person"), "place", "Lake Powell"),
        ("The Montgomery Police came.", ("Montgomery Police", "person"), "organisation", "Montgomery Police"),
        ("They live in Wales now.", ("Wales", "organisation"), "place", "Wales"),
        ("He is the Trump’s man.", ("the Trump’s", "person"), "person", "Trump"),
        ("A George W. Bush-era rule.", ("George W. Bush-era", "person"), "person", "George W. Bush"),
        ("Photo: Hassan Ammar/AP", ("Hassan Ammar/AP", "person"), "person", "Hassan Ammar"),
    ],
)
def test_the_words_of_a_name_tell_its_kind_and_its_ends(
    text: str, tag: tuple[str, NameKind], kind: NameKind, name: str
) -> None:
    assert (kind, name) in {(one.kind, one.name) for one in read(text, dict((tag,)))}


@pytest.mark.parametrize("tag", ["Ukrainian", "elk lottery", "COVID-19", "Tony Awards", "@MikeSnider"])
def test_what_is_no_name_of_these_kinds_is_left_out(tag: str) -> None:
    assert read(f"They spoke of {tag} there.", {tag: "place"}) == []


def test_a_dateline_is_a_place() -> None:
    assert [one.name for one in read("JERUSALEM (CNN) -- It rained.", {})] == ["JERUSALEM"]


def test_amounts_are_put_together_however_they_are_written() -> None:
    article = Article("a", "", "It cost $5 million. That is five million dollars.")
    (found,) = amounts_in(split_sentences(article))
    assert (found.kind, found.name, found.others) == ("quantity", "$5 million", ("$5 million", "five million dollars"))
    assert [article.text[start:end] for _, start, end in found.places] == ["$5 million", "five million dollars"]
