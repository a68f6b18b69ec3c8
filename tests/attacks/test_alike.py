"""A folder and an archive of many parts give the same answers to the same questions."""

import os
from pathlib import Path

import pytest

from tests.attacks.alike import tried
from tests.postgres import need_all_parts

EVERY = 1 if os.environ.get("ONRECORD_ATTACK") == "all" else 10
SEEDS = Path(__file__).parents[2] / "eval" / "seeds"


@pytest.mark.attack
@pytest.mark.campaign
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_folder_and_an_archive_answer_alike(capsys: pytest.CaptureFixture[str]) -> None:
    need_all_parts()
    compared = list(tried(SEEDS, every=EVERY))
    with capsys.disabled():
        print("", *(one.table() for one in compared), sep="\n")
    assert len(compared) == 2
    assert all(one.asked > 200 // EVERY and one.answered and one.unlike == [] for one in compared)
