"""The real model, which comes as a package, on this machine alone."""

import pytest

from onrecord.index.text.sentences import split_sentences
from onrecord.index.types import Article
from onrecord.qa.names import tagger
from onrecord.qa.names.reading import named_in
from onrecord.qa.names.tagger import available, tagged

TEXT = "Sergei Lavrov met officials of the World Bank in Geneva on Monday. Angela Merkel stayed in Berlin."


@pytest.mark.slow
def test_people_places_and_organisations_are_found_at_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    article = Article("a", "", TEXT)
    sentences = split_sentences(article)
    assert available()
    whole = list(tagged(TEXT, sentences))
    found = {(one.kind, one.name) for one in named_in(article, sentences, whole)}
    assert {("person", "Sergei Lavrov"), ("person", "Angela Merkel"), ("place", "Geneva")} <= found
    assert ("organisation", "World Bank") in found
    monkeypatch.setattr(tagger, "_AT_ONCE", 10)
    assert list(tagged(TEXT, sentences)) == whole


def test_a_text_without_sentences_has_no_names() -> None:
    assert list(tagged("", ())) == []
