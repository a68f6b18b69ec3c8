"""`onrecord` alone: in a terminal it leads to the chat; elsewhere it prints its help (test_cli_group.py)."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from onrecord.index.errors import MissingExtra, ModelError
from onrecord.index.models import pull as pulling
from onrecord.index.models.catalogue import ModelEntry, find_entry
from onrecord.ui.cli import chat, start
from tests.ui.cli_stage import Stage, staged

EMBEDDER, WRITER, SMALLER = "all-minilm-l6-v2", "qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b"
GB = 10**9


class Terminal:
    """A stage as a person sees it who types ``onrecord``; what would be downloaded appears, empty but of its size."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage = stage
        self.pulled: list[str] = []
        self.opened: list[str | None] = []  # the model of each chat that was opened
        self.unreachable: Sequence[str] = ()
        monkeypatch.setattr(start, "in_a_terminal", lambda: True)
        monkeypatch.setattr(chat, "chat", lambda model=None: self.opened.append(model))
        monkeypatch.setattr(pulling, "pull", self.pull)
        monkeypatch.setattr("onrecord.index.models.suggestion.machine_memory", lambda: 8 * GB)

    def pull(self, name: str, **_: object) -> Path:
        entry = find_entry(name)
        entry.folder.mkdir(parents=True, exist_ok=True)
        if name in self.unreachable:
            raise ModelError(f"The model {name} could not be fetched.")
        self.pulled.append(name)
        return put(entry)

    def types(self, *lines: str) -> str:
        """Runs ``onrecord`` and returns all that it says."""
        result = self.stage.run(stdin="".join(f"{line}\n" for line in lines))
        assert result.exit_code == 0, result.output
        return result.output


def put(entry: ModelEntry) -> Path:
    """The entry's files with their sizes; they take no room on the disk."""
    for file in entry.files:
        path = entry.folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            out.truncate(file.bytes)
    return entry.path


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(staged(tmp_path, monkeypatch), monkeypatch)


def test_enter_twice_fetches_both_models_and_opens_an_empty_chat(terminal: Terminal) -> None:
    said = terminal.types("", "")
    assert terminal.pulled == [EMBEDDER, WRITER]
    assert terminal.opened == [None], "the settings decide, as ever"
    assert f"1  {WRITER}" in said and "1.1 GB" in said and "2.6 GB of memory" in said
    assert not terminal.stage.data.exists(), "the page leads to the first articles"


def test_without_a_model_that_writes_the_chat_opens_all_the_same(terminal: Terminal) -> None:
    assert "quotes from the articles" in terminal.types("0", "")
    assert (terminal.pulled, terminal.opened) == ([EMBEDDER], [None])
    terminal.types("")
    assert terminal.opened == [None, None], "what was declined is not asked again"


def test_another_model_than_the_configured_one_writes_from_then_on(terminal: Terminal) -> None:
    terminal.types("2", "")
    assert terminal.pulled == [EMBEDDER, SMALLER]
    terminal.types("")
    assert terminal.opened == [SMALLER, SMALLER]


def test_a_number_that_is_not_offered_is_asked_for_again(terminal: Terminal) -> None:
    assert "'9' is none of 1, 2, 0." in terminal.types("9", "2", "")
    assert terminal.pulled == [EMBEDDER, SMALLER]


@pytest.mark.parametrize(
    ("memory", "wanted"), [(2 * GB, [EMBEDDER, SMALLER]), (GB, [EMBEDDER]), (0, [EMBEDDER, WRITER])]
)
def test_enter_takes_what_the_memory_has_room_for(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, memory: int, wanted: list[str]
) -> None:
    monkeypatch.setattr("onrecord.index.models.suggestion.machine_memory", lambda: memory)
    terminal.types("", "")
    assert terminal.pulled == wanted


def test_a_model_that_cannot_be_fetched_keeps_nobody_from_the_chat_and_is_offered_again(terminal: Terminal) -> None:
    terminal.unreachable = [WRITER]
    assert "could not be fetched. Until it is here, answers are quotes" in terminal.types("", "")
    assert (terminal.pulled, terminal.opened) == ([EMBEDDER], [None])
    terminal.unreachable = ()
    terminal.types("", "")
    assert terminal.pulled == [EMBEDDER, WRITER]


def test_without_the_model_that_finds_there_is_no_chat(terminal: Terminal) -> None:
    terminal.unreachable = [EMBEDDER]
    result = terminal.stage.run(stdin="0\n")
    assert isinstance(result.exception, ModelError) or result.exit_code == 1
    assert terminal.opened == []


@pytest.mark.parametrize("name", [WRITER, "none"])
def test_whoever_has_models_and_articles_is_asked_nothing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    put(find_entry(EMBEDDER))
    put(find_entry(WRITER))
    terminal.stage.fill()
    monkeypatch.setenv("ONRECORD_MODEL_NAME", name)
    assert terminal.types() == ""
    assert (terminal.pulled, terminal.opened) == ([], [None])


def test_the_first_articles_are_added_from_what_was_dropped_on_the_terminal(terminal: Terminal) -> None:
    folder = terminal.stage.folder / "My news"
    folder.mkdir()
    (folder / "bridge.txt").write_text("The Old Mill Bridge was closed on Monday.", encoding="utf-8")
    assert "1 added" in terminal.types("0", f"'{folder}'")
    assert terminal.stage.json("list")["count"] == 1
    assert terminal.opened == [None]


def test_articles_that_are_not_there_are_said_and_asked_for_again(terminal: Terminal) -> None:
    assert "nowhere" in terminal.types("0", "nowhere", "")
    assert terminal.opened == [None]


def test_a_chat_that_is_open_already_is_shown_not_opened_twice(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(chat, "open_already", lambda settings: "http://127.0.0.1:7860")
    monkeypatch.setattr(chat, "show", shown.append)
    assert terminal.types() == "The chat is open at http://127.0.0.1:7860/ already.\n"
    assert (shown, terminal.opened) == (["http://127.0.0.1:7860"], [])


@pytest.mark.parametrize(
    ("left", "command"),
    [
        ("", "pip install 'onrecord[page]'"),
        ("pipx_metadata.json", "pipx install --force 'onrecord[app]'"),
        ("uv-receipt.toml", "uv tool install --force 'onrecord[app]'"),
    ],
)
def test_without_the_page_it_says_how_it_is_installed_where_this_was_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], left: str, command: str
) -> None:
    if left:
        (tmp_path / left).touch()
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr("onrecord.index.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"^gradio is not installed here") as caught:
        start.start(lambda: "the help")
    assert f"`{command}`" in str(caught.value)
    assert capsys.readouterr().out == "the help\n"


def test_without_the_engine_no_model_is_offered(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onrecord.index.extras.find_spec", lambda name: None if name == "xllamacpp" else object())
    assert "Which model" not in terminal.types("")
    assert terminal.pulled == [EMBEDDER]
