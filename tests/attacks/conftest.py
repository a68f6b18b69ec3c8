"""Victims for the campaigns, and the folder that each of them is given a copy of."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that `tests.ui` can be imported

from tests.attacks.traces import Victims


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victims]:
    started = Victims(tmp_path_factory.mktemp("victims"))
    yield started
    started.close()


@pytest.fixture(scope="module")
def prepared(victims: Victims, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection in which a secret stands, also in a conversation and in the feedback."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    assert victims.run(folder, "prepare")[0] == 0, victims.log()
    return folder
