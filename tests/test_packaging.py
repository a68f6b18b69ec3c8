"""What an app that installs the wheel gets: the import names, the command, and nothing that collides."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


def test_the_wheel_holds_the_rooms_under_one_name_and_nothing_beside_them(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"onrecord"}
    for wanted in ("onrecord/index/py.typed", "onrecord/index/models/catalogue.toml", "onrecord/qa/answerability.json"):
        assert wanted in names


def test_the_sdist_holds_what_is_needed_to_build_and_test(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = archive.getnames()
    inside = {name.split("/", 1)[1] for name in names if "/" in name}
    assert {"pyproject.toml", "hatch_build.py", "index/types.py", "tests/conftest.py", "LICENSE"} <= inside
    assert any(name.startswith("seeds/") for name in inside)


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
    shown = subprocess.run([str(python), "-m", "onrecord.ui.cli", "--help"], capture_output=True, text=True, env=clean)
    assert shown.returncode == 0
    assert "ask" in shown.stdout


def site_packages() -> Path:
    """Where this environment keeps its libraries."""
    import numpy

    return Path(numpy.__file__).parent.parent
