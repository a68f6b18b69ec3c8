"""The walk-through of the documentation names what the page really shows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKING = (ROOT / "docs" / "asking.md").read_text(encoding="utf-8")
WALK = ASKING.partition("## A walk-through\n")[2].partition("\n## ")[0]
PAGE = "\n".join(
    path.read_text(encoding="utf-8") for path in [*(ROOT / "ui").rglob("*.py"), *(ROOT / "ui").rglob("*.js")]
)


@pytest.mark.parametrize("label", dict.fromkeys(re.findall(r"\*\*(.+?)\*\*", WALK, re.DOTALL)))
def test_every_label_of_the_walk_through_is_on_the_page(label: str) -> None:
    words = re.escape(" ".join(label.split()))
    assert re.search(rf"[\"'>]{words}(?:[\"'<:]| \()", PAGE), label


def test_the_walk_through_is_short() -> None:
    assert 10 < len(WALK.splitlines()) < 24
