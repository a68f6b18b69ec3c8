"""Another model for everybody, chosen on the page and taken up between two questions."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, expect

from onrecord.index.errors import InputError, ModelError
from onrecord.index.models.catalogue import find_entry
from onrecord.index.types import Article
from onrecord.qa.settings import ModelSettings
from onrecord.qa.steps.check import not_calibrated
from onrecord.ui.desk.collections import Collections, collection_in
from onrecord.ui.desk.protocols import AssistantLike
from onrecord.ui.desk.tuning import Style
from onrecord.ui.desk.writer import CONFIGURED, Writer
from tests.ui.fakes import FakeAssistant, FakeLibrary, FakeWriter
from tests.ui.site import Site, ask, page_app, serving

DEFAULT, SMALL = "qwen2.5-coder-1.5b", "smollm2-135m"


@pytest.fixture
def writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """Two models as downloaded (files of the right size, without contents), of which the smaller is damaged or not."""
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path / "models"))
    for name in (DEFAULT, SMALL):
        entry = find_entry(name)
        entry.folder.mkdir(parents=True)
        with entry.path.open("wb") as file:
            file.truncate(entry.bytes)

    def load(name: str) -> FakeWriter:
        if (tmp_path / "damaged").exists():
            raise ModelError(f"{name} is damaged.")
        return FakeWriter(name or DEFAULT)

    return Writer(ModelSettings(name=DEFAULT), FakeWriter(DEFAULT), load)  # type: ignore[arg-type]


@pytest.fixture
def site(articles: tuple[Article, ...], tmp_path: Path, writer: Writer, port: int) -> Iterator[Site]:
    library = FakeLibrary(tmp_path / "default", articles)
    assistant = FakeAssistant(library)
    assistant.engine = writer.engine
    app = page_app(library, assistant, writer=writer)
    with serving(app, port) as address:
        yield Site(address, library, assistant, app, tmp_path / "default")


@pytest.fixture
def collections(articles: tuple[Article, ...], tmp_path: Path, writer: Writer) -> Iterator[Collections]:
    def opened(folder: Path) -> tuple[FakeLibrary, FakeAssistant]:
        library = FakeLibrary(folder, articles)
        assistant = FakeAssistant(library)
        assistant.engine = writer.engine
        return library, assistant

    first = collection_in(tmp_path / "default", *opened(tmp_path / "default"))
    with closing(Collections(first, opened, writer=writer)) as made:
        yield made


def engine_of(assistant: AssistantLike) -> FakeWriter:
    return cast(FakeWriter, assistant.engine)


def test_the_choice_is_the_configured_model_the_downloaded_ones_and_none_each_with_its_cost(writer: Writer) -> None:
    assert [(choice.name, choice.label) for choice in writer.choices()] == [
        ("", f"As configured: {DEFAULT}, 1.1 GB, 1.5 billion parameters"),
        (SMALL, f"{SMALL}, 98.4 MB, 135 million parameters, not calibrated; {find_entry(SMALL).about}"),
        ("none", "None: quotes only, at once"),
    ]


@pytest.mark.parametrize(
    ("settings", "label"),
    [
        (ModelSettings(name="none"), "As configured: no model, sentences quoted from the articles"),
        (
            ModelSettings(name="qwen2.5-coder-0.5b"),
            "As configured: qwen2.5-coder-0.5b, not downloaded yet, so quotes only",
        ),
        (ModelSettings(name="big", url="http://box/v1"), "As configured: big on http://box/v1"),
        (ModelSettings(name="/models/mine-7b.gguf"), "As configured: mine-7b, 7 billion parameters"),
    ],
)
def test_what_is_configured_is_named_whatever_it_is(settings: ModelSettings, label: str, writer: Writer) -> None:
    assert Writer(settings, None, lambda name: None).choices()[0].label == label


def test_of_a_model_that_is_not_calibrated_it_is_said_when_it_is_taken(writer: Writer) -> None:
    writer.take(SMALL, FakeWriter(SMALL))  # type: ignore[arg-type]
    assert writer.said == (
        f"{SMALL} writes the answers now. {SMALL} is not calibrated: whether the articles answer is decided as fitted "
        f"to {DEFAULT}; `onrecord eval calibrate SUITE… --model {SMALL}` fits it."
    )
    writer.take(CONFIGURED, FakeWriter(DEFAULT))  # type: ignore[arg-type]
    assert writer.said == f"{DEFAULT} writes the answers now."


def test_another_model_reaches_every_collection_and_style_and_the_one_before_is_closed(
    collections: Collections,
) -> None:
    before = engine_of(collections.first.assistant)
    other = collections.create("Harbour story")
    tuned = collections.assistant(collections.first, Style(length="In detail"))
    collections.queue.width = 5
    collections.write_with(SMALL)
    assert collections.queue.width == 1, "as many as the new one serves at once"
    for assistant in (collections.first.assistant, other.assistant, tuned):
        assert engine_of(assistant).name == SMALL
    assert before.closed
    collections.write_with("none")
    assert other.assistant.engine is None
    collections.write_with(CONFIGURED)
    assert engine_of(tuned).name == DEFAULT
    assert engine_of(collections.create("Later").assistant).name == DEFAULT


def test_a_question_under_way_is_finished_first_and_the_next_one_waits_for_the_change(collections: Collections) -> None:
    under_way = collections.queue.join()
    change = threading.Thread(target=collections.write_with, args=(SMALL,), daemon=True)
    change.start()
    while len(collections.queue) < 2:
        change.join(0.01)
    behind = collections.queue.join(begin=False)
    assert not behind.begin(0.05)
    assert collections.writer and collections.writer.chosen == CONFIGURED
    under_way.leave()
    assert behind.begin(5)
    change.join(5)
    assert collections.writer.chosen == SMALL
    assert behind.place == 0


def test_a_model_that_cannot_be_loaded_leaves_the_one_before_at_work(collections: Collections, tmp_path: Path) -> None:
    (tmp_path / "damaged").touch()
    with pytest.raises(ModelError, match="damaged"):
        collections.write_with(SMALL)
    with pytest.raises(InputError, match="cannot be chosen here"):
        collections.write_with("../../etc/passwd")
    engine = engine_of(collections.first.assistant)
    assert engine.name == DEFAULT and not engine.closed
    assert collections.writer and collections.writer.chosen == CONFIGURED
    assert len(collections.queue) == 0, "questions are not kept waiting"


def choose(page: Page, label: str) -> None:
    if not page.locator("#model").is_visible():
        page.get_by_role("button", name="Answers").click()
    page.get_by_label(label).click()  # not check(): a choice that cannot be had goes back at once


@pytest.mark.browser
def test_the_model_is_chosen_beside_the_question_and_named_with_the_answer(page: Page, site: Site) -> None:
    choose(page, f"{SMALL}, 98.4 MB")
    expect(page.locator("#notice")).to_have_text(f"{SMALL} writes the answers now. {not_calibrated(SMALL)}")
    ask(page, "What would the bridge repairs cost?")
    page.get_by_text("How was this answered?").click()
    expect(page.locator(".how dl")).to_contain_text(SMALL)
    page.reload()
    page.get_by_role("button", name="Answers").click()
    expect(page.get_by_label(f"{SMALL}, 98.4 MB")).to_be_checked()


@pytest.mark.browser
def test_an_error_is_one_sentence_and_the_choice_goes_back(page: Page, tmp_path: Path) -> None:
    (tmp_path / "damaged").touch()
    choose(page, f"{SMALL}, 98.4 MB")
    expect(page.locator("#notice")).to_have_text(f"{SMALL} is damaged.")
    expect(page.get_by_label("As configured")).to_be_checked()
    ask(page, "What would the bridge repairs cost?")


@pytest.mark.browser
def test_a_question_asked_while_a_model_is_loaded_says_so_and_is_answered_by_it(
    page: Page, site: Site, browser: Browser
) -> None:
    collections: Collections = site.app.state.collections
    holding = collections.queue.join()
    choose(page, "None: quotes only")
    while len(collections.queue) < 2:
        page.wait_for_timeout(50)
    ask(page, "What would the bridge repairs cost?", wait=False)
    expect(page.locator(".progress")).to_contain_text("Waiting for another model to be loaded")
    holding.leave()
    expect(page.locator(".turn .actions")).to_be_visible()
    page.get_by_text("How was this answered?").click()
    expect(page.locator(".how dl")).to_contain_text("none: quoted as written")
