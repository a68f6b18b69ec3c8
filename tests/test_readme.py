"""The documents keep up with the program: settings, commands, files and `make` targets that they name."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onrecord.qa.settings import setting_names
from onrecord.ui.cli.main import app as onrecord
from onrecord.ui.settings import AllSettings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in PAGES}
NAMES = setting_names(AllSettings)
README, SETTINGS, EVERYTHING = TEXTS["README.md"], TEXTS["settings.md"], "\n".join(TEXTS.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_in_the_table_of_settings(name: str) -> None:
    assert f"`{name}`" in SETTINGS


@pytest.mark.parametrize(
    "name", re.findall(r"`((?:index|fetch|retrieval|model|answer|server)\.[a-z0-9_]+)[`=]", EVERYTHING)
)
def test_every_setting_that_is_named_exists(name: str) -> None:
    assert name in NAMES


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|\$ )make (\w+)", EVERYTHING))))
def test_every_make_target_that_is_named_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])  # of the pages, mkdocs checks the links
def test_every_file_that_is_linked_to_is_there(name: str) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", TEXTS[name]):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`(?:onrecord) ((?:[a-z]+ ?)+)", EVERYTHING))))
def test_every_command_that_is_named_exists(words: str) -> None:
    result = CliRunner().invoke(onrecord, [*shlex.split(words), "--help"])
    assert result.exit_code == 0, f"onrecord {words}: {result.output}"


def test_a_newcomer_is_through_the_readme_in_two_minutes() -> None:
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    assert len(prose.split()) < 650
    assert README.count("](docs/pictures/") == 1
