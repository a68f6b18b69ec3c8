"""What a person sees of a page that changed: when, what it said before, and that a citation of it is old."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from onrecord.index import Article, Embedder, Library
from onrecord.index.text.changes import Changed, Edit
from onrecord.qa.assistant import Assistant
from onrecord.ui.page.sources import reader
from onrecord.ui.server.doors import create_api
from tests.index.test_web import NEAR
from tests.web import STORY, Web, page, serving

ARTICLE = Article("a1", "Bridge", "It costs 3 <b>million</b>.", url="https://courier.example/bridge")
CHANGES = (
    Changed("2024-03-04T10:00:00+00:00", (Edit(("It costs 2 <b>million</b>.",), ("It costs 3 <b>million</b>.",)),)),
    Changed("2024-03-09T10:00:00+00:00", (Edit((), ("Traffic is heavy.",)), Edit(("It is old.",), ()))),
)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        yield web


def test_an_article_shows_what_changed_and_when_the_newest_first() -> None:
    shown = reader(ARTICLE, (), changes=CHANGES)
    assert "Changed 2 times, last found on 9 March 2024" in shown
    assert shown.index("9 March 2024</h3>") < shown.index("4 March 2024</h3>")
    assert '<del dir="auto">It costs 2 &lt;b&gt;million&lt;/b&gt;.</del>' in shown
    assert '<ins dir="auto">Traffic is heavy.</ins>' in shown
    assert "<b>" not in shown


def test_an_article_that_never_changed_shows_nothing_of_it() -> None:
    assert "<details" not in reader(ARTICLE, ())


def test_an_old_citation_says_when_the_article_changed_and_shows_the_old_words() -> None:
    shown = reader(ARTICLE, (), start=0, end=20, quote="It costs 2 million.", changes=CHANGES)
    assert "This article has changed since it was cited, last found on 9 March 2024." in shown
    assert '<blockquote dir="auto">It costs 2 million.</blockquote>' in shown


def test_over_http_an_article_has_its_changes(tmp_path: Path, embedder: Embedder, web: Web) -> None:
    with Library(tmp_path / "data", embedder=embedder, fetch=NEAR) as library:
        for text in (STORY, STORY.replace("Monday", "Friday")):
            web.put("/bridge", page(text))
            library.web.add([web.at("/bridge")])
        app = create_api(library, Assistant(library, None))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            (change,) = client.get(f"/api/v1/articles/{library.articles()[0].id}").json()["changes"]
    ((before,), (after,)) = change["edits"][0]["before"], change["edits"][0]["after"]
    assert ("Monday" in before, "Friday" in after) == (True, True)
