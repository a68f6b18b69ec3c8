"""The page as it is sent, by what a browser asks for."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from onrecord.index.types import Article
from tests.ui.fakes import FakeAssistant, FakeLibrary
from tests.ui.site import page_app

pytestmark = pytest.mark.page


@pytest.fixture
def client(articles: tuple[Article, ...], tmp_path: Path) -> TestClient:
    library = FakeLibrary(tmp_path / "default", articles)
    return TestClient(page_app(library, FakeAssistant(library)), base_url="http://127.0.0.1")


@pytest.mark.parametrize(
    ("accepted", "code", "text"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.5", "fr", "Posez une question sur les articles"),
        ("es", "es", "Pregunte sobre los artículos"),
        ("de-AT,en;q=0.9", "de", "Frage an die Artikel"),
        ("it-IT", "en", "Ask about the articles"),
        ("", "en", "Ask about the articles"),
    ],
)
def test_the_page_is_sent_in_the_language_that_is_asked_for(
    client: TestClient, accepted: str, code: str, text: str
) -> None:
    for path in ("/", "/config"):
        reply = client.get(path, headers={"accept-language": accepted})
        assert text in reply.text and "\ue000" not in reply.text
        assert reply.headers["content-language"] == code and "Accept-Language" in reply.headers["vary"]
        assert path != "/" or f'lang="{code}"' in reply.text[:200]


def test_a_language_that_was_chosen_on_the_page_wins_over_the_browsers(client: TestClient) -> None:
    for cookie, code in (
        ("a=b; onrecord-language=fr", "fr"),
        ("onrecord-language=en", "en"),
        ("onrecord-language=xx", "de"),
    ):
        reply = client.get("/", headers={"accept-language": "de", "cookie": cookie})
        assert reply.headers["content-language"] == code and "Cookie" in reply.headers["vary"]
    asked = {"accept-language": "de", "cookie": "onrecord-language=fr"}
    assert "n’est pas un format" in client.get("/export/notes.pdf", headers=asked).text


def test_what_goes_wrong_with_an_export_is_said_in_the_language_that_is_asked_for(client: TestClient) -> None:
    reply = client.get("/export/notes.pdf", headers={"accept-language": "de"})
    assert reply.status_code == 404 and "„pdf“ ist kein Format" in reply.text


def test_a_browser_is_refused_in_its_language_and_a_program_in_english(
    articles: tuple[Article, ...], tmp_path: Path
) -> None:
    library = FakeLibrary(tmp_path / "default", articles)
    app = page_app(library, FakeAssistant(library), users={"eva": "secret"})
    client = TestClient(app, base_url="http://127.0.0.1")
    asks = {"accept-language": "fr"}
    assert client.get("/", headers={**asks, "accept": "text/html,*/*"}).text.startswith("Un nom et un mot de passe")
    assert client.get("/", headers=asks).text == "A name and a password are needed here.\n"
    assert client.get("/", headers={**asks, "accept": "text/html", "host": "evil.example"}).text.startswith("«\xa0evil")
    inside = client.get("/nowhere", headers={**asks, "accept": "text/html"}, auth=("eva", "secret"))
    assert inside.status_code == 404 and inside.text.startswith("Il n’y a rien ici")
