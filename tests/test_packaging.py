"""What an app that installs the wheel gets: the import names, the command, and nothing that collides."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCKED = re.compile(r'[A-Za-z0-9._-]+==\S+( ; platform_system == "Linux")?( --hash=sha256:[0-9a-f]{64})+')
LOCKS = ("requirements.lock", "requirements-torch.lock", "requirements-train.lock")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_rooms_under_one_name_and_nothing_beside_them(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"onrecord"}
    for wanted in (
        "onrecord/index/py.typed",
        "onrecord/index/models/catalogue.toml",
        "onrecord/index/store/migrations/0001_base.py",
        "onrecord/ui/desk/migrations/0001_base.py",
        "onrecord/qa/steps/answerability.json",
    ):
        assert wanted in names
    assert any(name.startswith("onrecord/index/models/graphs/") and name.endswith(".onnx") for name in names)


@pytest.mark.slow
def test_the_wheel_carries_no_reports_and_no_material_for_fits(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    rooms = [name.removeprefix("onrecord/") for name in names]
    unwanted = ("eval/RESULTS.md", "eval/report.png", "eval/contrast/", "eval/injections/frames.txt")
    assert [name for name in rooms if name.startswith(unwanted) or name.endswith("README.md")] == []
    assert {"eval/cli/main.py", "eval/seeds/questions.jsonl", "eval/injections/blind/questions.jsonl"} <= set(rooms)


@pytest.mark.slow
def test_the_sdist_holds_what_is_needed_to_build_test_and_document(built: Path) -> None:
    """All that git has; the wheel beside it was built from it."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = archive.getnames()
    inside = {name.split("/", 1)[1] for name in names if "/" in name}
    assert {"pyproject.toml", "hatch_build.py", "index/types.py", "tests/conftest.py", "LICENSE"} <= inside
    assert {"mkdocs.yml", "docs/index.md", ".ci/decisions.py", "Makefile", "SECURITY.md"} <= inside
    assert any(name.startswith("seeds/") for name in inside)
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        tracked = {name for name in listed.split("\0") if name and (ROOT / name).exists()}
        assert tracked - inside == set()


@pytest.mark.slow
def test_an_installed_wheel_works_beside_an_app_with_the_same_folder_names(built: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    site = next((environment / "lib").glob("python*")) / "site-packages"
    # The dependencies come from this environment by a path file; only OnRecord itself is installed anew.
    (site / "dependencies.pth").write_text(str(site_packages()) + "\n")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", "-q"]
    subprocess.run([*install, str(next(built.glob("*.whl")))], check=True, capture_output=True)
    app = tmp_path / "app"
    (app / "ui").mkdir(parents=True)
    (app / "eval").mkdir()
    (app / "ui" / "__init__.py").write_text("NAME = 'the app'\n")
    (app / "eval" / "__init__.py").write_text("NAME = 'the app'\n")
    (app / "index.py").write_text("NAME = 'the app'\n")
    program = (
        "import ui, eval, index, onrecord.index, onrecord.qa\n"
        "assert ui.NAME == eval.NAME == index.NAME == 'the app'\n"
        "print(onrecord.index.__file__)\n"
    )
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    result = subprocess.run([str(python), "-c", program], cwd=app, capture_output=True, text=True, env=clean)
    assert result.returncode == 0, result.stderr
    assert str(environment) in result.stdout
    shown = subprocess.run(
        [str(python), "-m", "onrecord.ui.cli.main", "--help"], capture_output=True, text=True, env=clean
    )
    assert shown.returncode == 0
    assert "ask" in shown.stdout


def site_packages() -> Path:
    """Where this environment keeps its libraries."""
    import numpy

    return Path(numpy.__file__).parent.parent


# -- what is installed -----------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, Version]:
    """The packages of a lock, each with its version."""
    lines = [line.split(" ")[0].split("==") for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return {canonicalize_name(package): Version(version) for package, version in lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_names_a_version_and_its_checksums(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    assert [line[:80] for line in lines if not LOCKED.fullmatch(line)] == []
    assert len(lines) == len(locked(lock))


def test_the_lock_has_all_that_is_declared_in_a_version_that_is_allowed() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = declared["project"]
    groups = (*project["optional-dependencies"].values(), *declared["dependency-groups"].values())
    wanted = [Requirement(one) for one in sum(groups, project["dependencies"] + declared["build-system"]["requires"])]
    versions = locked("requirements.lock") | locked("requirements-train.lock")
    assert {"pip", "setuptools", "torch", "xllamacpp"} <= set(versions)
    wanted = [one for one in wanted if one.name != project["name"]]  # an extra that has another in it
    missing = [str(one) for one in wanted if canonicalize_name(one.name) not in versions]
    refused = [
        str(one)
        for one in wanted
        if str(one) not in missing and versions[canonicalize_name(one.name)] not in one.specifier
    ]
    assert (missing, refused) == ([], [])


def test_only_the_lock_names_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = sum(project["optional-dependencies"].values(), project["dependencies"])
    assert [one for one in declared if "==" in one] == []


def test_the_second_lock_takes_the_place_of_one_line_and_has_the_same_torch() -> None:
    first, second = (locked(lock) for lock in LOCKS[:2])
    assert set(first) & set(second) == {"torch"}
    assert str(first["torch"]) == f"{second['torch']}+cpu"


def test_what_only_training_needs_is_in_a_lock_of_its_own() -> None:
    assert set(locked("requirements-train.lock")) & set(locked("requirements.lock")) == set()


def test_no_registry_is_named_where_packages_are_installed_from() -> None:
    for name in (*LOCKS, "Makefile", ".ci/lock.py", ".ci/run", ".ci/tools"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8").replace("http://127.0.0.1", "")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files that the Makefile's set-up reads, with a Python that notes what it is asked and installs nothing."""
    for name in ("Makefile", *LOCKS, "pyproject.toml", "hatch_build.py"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\necho "$*" >> asked\necho "Requirement already satisfied: all"\n'
        'case "$*" in *"$FAILING"*) [ -z "$FAILING" ] || exit 1;; esac\n'
    )
    python.chmod(0o755)
    return tmp_path


def set_up(tree: Path, failing: str = "") -> "subprocess.CompletedProcess[str]":
    """``failing``: the install that fails is the one whose arguments hold this."""
    environment = {**os.environ, "FAILING": failing}
    command = ["make", "-C", str(tree), ".venv/.installed"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_set_up_installs_by_checksum_alone(tree: Path) -> None:
    done = set_up(tree)
    assert done.returncode == 0, done.stderr
    assert "Requirement already" not in done.stdout.replace("Requirement already satisfied: all", "", 2)
    pip, question, all_of_it, own = (tree / "asked").read_text().splitlines()
    assert "--require-hashes" in pip and "--require-hashes -r requirements.lock" in all_of_it
    assert "--dry-run" in question and "--require-hashes -r .venv/torch.lock" in question
    assert (tree / ".venv" / "torch.lock").read_text().startswith("torch==")
    assert "--no-deps --editable ." in own
    assert LOCKED.fullmatch((tree / ".venv" / "pip.lock").read_text().strip())
    assert (tree / ".venv" / ".installed").exists()


def test_where_the_build_for_processors_is_refused_the_second_lock_takes_its_place(tree: Path) -> None:
    done = set_up(tree, ".venv/torch.lock")
    assert done.returncode == 0, done.stderr
    assert "PyTorch's build for processors is not to be had here" in done.stdout
    *_, all_of_it, _ = (tree / "asked").read_text().splitlines()
    assert "--require-hashes -r .venv/public-torch.lock" in all_of_it and "--dry-run" not in all_of_it
    first, second = ((tree / lock).read_text().splitlines() for lock in LOCKS[:2])
    lines = (tree / ".venv" / "public-torch.lock").read_text().splitlines()
    assert lines == [line for line in first if not line.startswith("torch==")] + second


# "torch.lock" is both the question and what is installed after a no: nothing can be reached at all
@pytest.mark.parametrize("failing", ["pip.lock", "requirements.lock", "torch.lock", "--editable"])
def test_an_install_that_fails_fails_make_and_is_tried_again(tree: Path, failing: str) -> None:
    assert set_up(tree, failing).returncode != 0
    assert not (tree / ".venv" / ".installed").exists()
    assert set_up(tree).returncode == 0


@pytest.mark.parametrize("target", ["chat", "test", "native"])
def test_the_commands_go_no_further_after_an_install_that_failed(tree: Path, target: str) -> None:
    environment = {**os.environ, "FAILING": "requirements.lock"}
    done = subprocess.run(["make", "-C", str(tree), target], capture_output=True, env=environment, timeout=60)
    assert done.returncode != 0
    assert (tree / "asked").read_text().splitlines()[-1].endswith("-r requirements.lock")


def test_the_engine_is_built_from_the_source_that_the_lock_names(tree: Path) -> None:
    set_up(tree)
    assert subprocess.run(["make", "-C", str(tree), "native"], capture_output=True, timeout=60).returncode == 0
    assert "--require-hashes -r .venv/native.lock" in (tree / "asked").read_text().splitlines()[-1]
    assert LOCKED.fullmatch((tree / ".venv" / "native.lock").read_text().strip())
