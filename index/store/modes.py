"""What OnRecord keeps is its owner's alone: folders 700, files 600, whatever the umask says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

FOLDER, FILE = 0o700, 0o600
OWN = (  # what the names of our own files and folders begin with; others in a data folder are not ours to change
    "caches.json",
    "catalogue.sqlite3",
    "chroma",
    "codes",
    "conversations.sqlite",
    "feedback",
    "keys",
    "keywords",
    "lock",
    "owner.json",
    "requests",
    "reserve",
)


def make_folder(folder: Path) -> None:
    """Makes the folder, or closes one that is there to everybody else."""
    folder.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    _close(folder)


def make_file(file: Path) -> None:
    """Makes an empty file for another program to fill, or closes one that is there to everybody else."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT, FILE))
    _close(file)


def write_text(file: Path, text: str) -> None:
    """Whole or not at all: it is written beside the file that is there, and then takes its place."""
    part = file.with_name(file.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE), "w", encoding="utf-8") as opened:
            opened.write(text)
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def tighten(folder: Path) -> None:
    """Closes a data folder, and all of ours in it, to everybody else; also what other libraries have made there."""
    _close(folder)
    for entry in _entries(folder):
        if entry.name.startswith(OWN):
            tighten_all(Path(entry.path))


def tighten_all(path: Path) -> None:
    """The same for a file, or for a folder with everything below it."""
    _close(path)
    if path.is_dir() and not path.is_symlink():
        for entry in _entries(path):
            tighten_all(Path(entry.path))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from found
    except FileNotFoundError:  # another thread replaced it
        return


def _close(path: Path) -> None:
    """A link, what is another user's, and a folder that all share (as /tmp) stay as they are."""
    if os.name == "nt":  # no such modes there
        return
    try:
        facts = path.lstat()
        mode = stat.S_IMODE(facts.st_mode)
        shared = stat.S_ISLNK(facts.st_mode) or mode & stat.S_ISVTX or facts.st_uid != os.geteuid()
        if mode & 0o077 and not shared:
            path.chmod(mode & 0o700)
    except FileNotFoundError:
        return
