"""A feed of a thousand items, whose reading is killed twice and goes on: none comes twice, none is lost."""

import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from onrecord.index import Library
from onrecord.index.ahead import AT_ONCE
from tests.attacks.traces import HashedEmbedder
from tests.index.test_web import NEAR
from tests.ui.behind_doors import until
from tests.web import Web, page, rss, serving

ITEMS = 1000
READER = """
import sys
from onrecord.index import Library
from tests.attacks.traces import HashedEmbedder
from tests.index.test_web import NEAR
with Library(sys.argv[1], embedder=HashedEmbedder(), fetch=NEAR) as library:
    library.web.follow(sys.argv[2])
    library.web.read_due(0)
"""


@pytest.mark.slow
def test_a_thousand_items_that_are_cut_off_twice_come_once_each(tmp_path: Path) -> None:
    with serving() as web:
        paths = [f"/{n}" for n in range(ITEMS)]
        for path in paths:
            web.put(path, page(story(path)))
        feed = web.put("/feed", rss(*paths), kind="application/rss+xml")
        for stop in (200, 600):
            child = reading(tmp_path / "data", feed)
            try:
                until(partial(seen, web, stop), seconds=120)
            finally:
                child.kill()
            assert child.wait() == -signal.SIGKILL
        with reading(tmp_path / "data", feed) as child:
            assert child.wait() == 0
        asked = [one for one in web.paths if one != "/feed"]
    with Library(tmp_path / "data", embedder=HashedEmbedder(), fetch=NEAR) as library:
        assert sorted(one.url for one in library.articles()) == sorted(map(web.at, paths))
        assert library.web.feeds()[0].waiting == 0
        assert library._open().problems() == ()
    assert sorted(set(asked)) == sorted(paths)
    # What was fetched and not stored when it was killed is fetched again: a group under way, and one that lies ready.
    assert len(asked) <= ITEMS + 2 * 2 * (AT_ONCE + 1)


def story(path: str) -> str:
    """A text like no other: copies of one another would be looked for in every pair."""
    chance = random.Random(path)
    words = ("".join(chance.choices("aeioulnrst", k=chance.randint(3, 9))) for _ in range(60))
    return f"The story at {path} begins. {' '.join(words).capitalize()}. It ends here, as the mayor said on Monday."


def seen(web: Web, pages: int) -> bool:
    return len(set(web.paths)) > pages


def reading(data: Path, feed: str) -> "subprocess.Popen[bytes]":
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root / '.dev'}{os.pathsep}{root}"}
    return subprocess.Popen([sys.executable, "-c", READER, str(data), feed], env=environment, cwd=root)
