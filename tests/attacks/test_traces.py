"""What was removed, replaced or deleted stands in no byte of any file: at once, after the end, after a kill."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from onrecord.qa.assistant import Assistant
from onrecord.ui.desk import uploads
from onrecord.ui.desk.collections import collection_in
from onrecord.ui.desk.conversations import FILE, Conversations
from onrecord.ui.desk.tidying import tidy
from tests.attacks.traces import Victims, library_at, passings, size, traces
from tests.attacks.victim import ASKED, QUESTION, SECRETS

IN_COLLECTION = {"delete-conversation": ASKED, "remove-in-collection": SECRETS, "replace-in-collection": SECRETS}
WITHOUT = {"remove": SECRETS, "replace": SECRETS}  # as `onrecord remove` and `onrecord add` do it
KILLS = 80


@pytest.fixture
def copy(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    shutil.copytree(prepared, tmp_path / "data")
    yield tmp_path / "data"


def allowed(folder: Path) -> str:
    """What may stay of an article: what people asked, and the quotes that answers cite, with where they are from."""
    kept = Conversations(folder / FILE)
    records = [record for one in kept.list("ann") for record in kept.turns("ann", one.id)]
    kept.close()
    cited = [(q.quote, q.title, q.source, q.url) for record in records for q in record.answer.citations]
    return " ".join([*(QUESTION for _ in records), *(text for one in cited for text in one)]).lower()


def left(folder: Path, words: list[str], victims: Victims) -> dict[str, list[str]]:
    may = allowed(folder)
    return traces([word for word in words if word not in may], folder, victims.temporary, victims.home)


def reopened(folder: Path, *, collection: bool) -> None:
    with library_at(folder) as library:
        if collection:
            collection_in(folder, library, Assistant(library, None)).conversations.close()
        else:
            tidy(library, folder)


def test_the_secret_is_everywhere_before(prepared: Path) -> None:
    names = {Path(name).relative_to(prepared).parts[0] for name in traces(SECRETS, prepared)}
    assert names == {"catalogue.sqlite3", FILE, "chroma", "keywords"}
    names = {Path(name).relative_to(prepared).parts[0] for name in traces(ASKED, prepared)}
    assert names == {FILE}
    kept = Conversations(prepared / FILE)
    assert "blivnak" in str(kept.execute("SELECT said FROM feedback"))
    kept.close()


@pytest.mark.parametrize("job", IN_COLLECTION)
def test_nothing_is_left_while_the_process_runs(copy: Path, victims: Victims, job: str) -> None:
    code, _ = victims.run(copy, job)  # ends without closing anything
    assert code == 0, victims.log()
    assert left(copy, IN_COLLECTION[job], victims) == {}


@pytest.mark.parametrize("job", [*IN_COLLECTION, *WITHOUT])
def test_nothing_is_left_after_the_end(copy: Path, victims: Victims, job: str) -> None:
    code, _ = victims.run(copy, job, fault="count")
    assert code == 0, victims.log()
    if job in WITHOUT:
        reopened(copy, collection=False)
    assert left(copy, {**IN_COLLECTION, **WITHOUT}[job], victims) == {}


@pytest.mark.attack
@pytest.mark.slow
def test_nothing_is_left_after_a_kill_and_the_next_start(prepared: Path, victims: Victims, tmp_path: Path) -> None:
    jobs = {**IN_COLLECTION, **WITHOUT}
    places = []
    for job in jobs:
        shutil.copytree(prepared, tmp_path / job)
        _, said = victims.run(tmp_path / job, job, fault="count")
        places += [(job, place) for place in passings(said)]
        shutil.rmtree(tmp_path / job)
    chosen = [places[n * len(places) // min(size(KILLS), len(places))] for n in range(min(size(KILLS), len(places)))]
    done = 0
    for n, (job, place) in enumerate(chosen):
        folder = tmp_path / str(n)
        shutil.copytree(prepared, folder)
        code, said = victims.run(folder, job, fault=place)
        assert code == -signal.SIGKILL, (job, place, victims.log())
        reopened(folder, collection=job in IN_COLLECTION)
        with library_at(folder) as library:
            gone = job == "delete-conversation" or "quorvix" not in " ".join(
                library.article(info.id).text for info in library.articles()
            )
        kept = Conversations(folder / FILE)
        gone = gone and not (job == "delete-conversation" and kept.list("ann"))
        kept.close()
        assert gone or not [line for line in said if line.startswith("ack")], (job, place)
        if gone:
            done += 1
            assert left(folder, jobs[job], victims) == {}, (job, place)
        shutil.rmtree(folder)
    print(f"{len(chosen)} kills, {done} after which the text was gone: nothing of it left")
    assert done > len(chosen) // 4


def test_what_killed_processes_had_been_sent_is_deleted_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prepared: Path, victims: Victims
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(prepared, folder)
    code, _ = victims.run(folder, "upload", fault="catalogue.commit.before:2")
    assert code == -signal.SIGKILL
    held = list(victims.temporary.glob("onrecord-*"))
    assert held
    uploads.end()  # of an app that another test has left open; it puts the variable back
    monkeypatch.setenv(uploads.CACHE, str(victims.temporary))
    mine = uploads.begin()
    try:
        assert list(victims.temporary.glob("onrecord-*")) == [mine]
        with uploads.place() as place:
            (place / "sent.txt").write_text("sent")
        assert sorted(one.name for one in mine.iterdir()) == ["held"]
    finally:
        uploads.end()
    assert list(victims.temporary.glob("onrecord-*")) == []


def test_what_a_living_process_was_sent_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from filelock import FileLock

    other = tmp_path / "onrecord-other"
    other.mkdir()
    (other / "sent.txt").write_text("sent")
    with FileLock(other / uploads.LOCK, thread_local=False):
        uploads.end()
        monkeypatch.setenv(uploads.CACHE, str(tmp_path))
        uploads.begin()
        uploads.end()
        assert (other / "sent.txt").exists()
