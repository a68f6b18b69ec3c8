"""Many programs at once, for long: nothing fails, nothing that was acknowledged is missed, memory does not grow."""

import os
from pathlib import Path

import pytest

from tests.attacks.soak import CLIENTS, SHARES, soaked

MINUTES = 30.0 if os.environ.get("ONRECORD_ATTACK") == "all" else 0.3
WARM = 10.0  # minutes below which what is still being loaded and filled would be taken for a leak
FLAT = 0.10


@pytest.mark.attack
@pytest.mark.slow
@pytest.mark.model
@pytest.mark.timeout(MINUTES * 60 + 600)
def test_ten_clients_lose_nothing_and_get_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    soak = soaked(tmp_path / "data", MINUTES)
    with capsys.disabled():
        print(f"\n{soak.table()}")
    assert soak.misses == []
    assert soak.wrong == {}
    assert all(sum(soak.statuses[kind].values()) for kind in SHARES) and soak.checks >= CLIENTS
    if MINUTES >= WARM:
        assert soak.growth <= FLAT
