"""All parts of an archive at once, each killed in turn: nothing is lost, nothing is there twice, no answer is wrong.

With 40 articles two minutes, with those of `make attack` hours.
"""

import os
from pathlib import Path

import pytest

from tests.attacks.archive import PARTS, tried
from tests.postgres import need_all_parts

ARTICLES = 20_000 if os.environ.get("ONRECORD_ATTACK") == "all" else 40


@pytest.mark.attack
@pytest.mark.campaign
@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(14_400 if ARTICLES > 1000 else 900)
def test_articles_come_in_while_ten_clients_ask_and_every_part_is_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_all_parts()
    seen = tried(tmp_path, ARTICLES)
    with capsys.disabled():
        print(f"\n{seen.table()}")
    assert seen.killed == list(PARTS)
    assert seen.wrong == [] and seen.answers["search", "200"] and seen.answers["ask", "200"]
    assert len(seen.listed) == ARTICLES and set(seen.listed.values()) == {1}
    assert seen.lost == []
    assert (seen.added, seen.doctor) == (0, 0), seen.table()
