"""Kills at chosen instants of the storing: every article whole or absent, nothing acknowledged lost, nothing left over.

With ``ONRECORD_ATTACK=all`` 200 kills, three of four at a fault point inside the stores, the others at any instant of
the job; else a tenth. The counts are printed.
"""

import random
import re
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from onrecord.index.doctor import examine
from onrecord.index.types import Article
from tests.attacks.traces import Victims, library_at, passings, size
from tests.attacks.victim import OLD, OTHER, SECRET, new

JOBS = ("add", "replace", "remove", "rebuild", "upload")
KILLS = 200
AT_POINTS = 0.75
KNOWN = {one.id: (one,) for one in [*OLD, *(new(n) for n in range(6))]} | {"secret": (SECRET, OTHER)}


@pytest.mark.attack
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_article_is_whole_or_absent_whenever_the_process_is_killed(
    prepared: Path, victims: Victims, tmp_path: Path
) -> None:
    places, seconds = _passed(prepared, victims, tmp_path)
    kills = _chosen(places, seconds, size(KILLS))
    counts: Counter[str] = Counter()
    for n, (job, place, after) in enumerate(kills):
        folder = tmp_path / str(n)
        code = 0
        while not code:  # where the job was done sooner than it took before, it is killed sooner
            shutil.copytree(prepared, folder)
            code, said = victims.run(folder, job, fault=place, after=after)
            assert code == -signal.SIGKILL or (after and code == 0), (job, place, after, victims.log())
            check(folder, job, said, (n, job, place, after))
            shutil.rmtree(folder)
            after *= 0.6
        counts[f"{job:8} {place.split(':')[0] or 'at any instant'}"] += 1
    _report(counts)
    assert counts.total() == size(KILLS)


def _passed(prepared: Path, victims: Victims, tmp_path: Path) -> tuple[dict[str, list[str]], dict[str, float]]:
    """What each job passes when it is let live, and how long it takes."""
    places, seconds = {}, {}
    for job in JOBS:
        shutil.copytree(prepared, tmp_path / job)
        code, said = victims.run(tmp_path / job, job, fault="count")
        assert code == 0, (job, victims.log())
        check(tmp_path / job, job, said, (job,))
        places[job] = passings(said)
        seconds[job] = next(float(line.split()[1]) for line in said if line.startswith("seconds "))
        shutil.rmtree(tmp_path / job)
    return places, seconds


def _chosen(places: dict[str, list[str]], seconds: dict[str, float], count: int) -> list[tuple[str, str, float]]:
    """Job, place and time of each kill: spread evenly over all that the jobs pass, then over the time they take."""
    every = [(job, place) for job in JOBS for place in places[job]]
    at_points = int(count * AT_POINTS)
    kills = [(*every[n * len(every) // at_points % len(every)], 0.0) for n in range(at_points)]
    chance = random.Random(12)
    timed = [(JOBS[n % len(JOBS)], "", 0.0) for n in range(count - at_points)]
    return kills + [(job, place, chance.uniform(0.01, 0.9) * seconds[job]) for job, place, _ in timed]


def check(folder: Path, job: str, said: list[str], case: object) -> None:
    """The next start: everything that was promised, of what the victim acknowledged."""
    acknowledged = [line.split()[1] for line in said if line.startswith("ack ")]
    with library_at(folder) as library:
        held = {info.id: library.article(info.id) for info in library.articles()}
        for key, article in held.items():
            assert _is_whole(key, article), (case, key)
            sentences = library.sentences(key)
            assert sentences, (case, key)
            assert all(article.text[s.start_char : s.end_char] == s.text for s in sentences), (case, key)
            found = library.search(article.text[:400], top_k=50)
            assert key in {hit.passage.article_id for hit in found}, (case, key)
        for what in acknowledged:
            match what[0]:
                case "+":
                    assert what[1:] in held, (case, what)
                case "-":
                    assert what[1:] not in held, (case, what)
                case "=":
                    assert held[what[1:]].text == OTHER.text, (case, what)
        gone = {"secret", "old1"} if job == "remove" else set()
        assert {one.id for one in [*OLD, SECRET]} - gone <= set(held), case
        report = examine(library)
        assert report.ok, (case, report.findings)
        assert len(list((folder / "chroma").iterdir())) <= 1, case
    assert [path for path in folder.rglob("*") if ".part" in path.name or path.name == "owner.json"] == [], case


def _is_whole(key: str, article: Article) -> bool:
    if key in KNOWN:
        return article in KNOWN[key]
    return bool(re.fullmatch(r"(Upload \d\n+)?The uploaded\d council met near the harbour\.", article.text))


def _report(counts: Counter[str]) -> None:
    print()
    for name, count in sorted(counts.items()):
        print(f"{count:4} {name}")
    print(f"{sum(counts.values()):4} in all: no article torn or lost, no folder left over, no finding of the doctor")
