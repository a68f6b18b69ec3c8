"""What a user does on a full disk, each in a process of its own: ``python full_disk.py FOLDER WORK``. Not a test."""

import sys
from pathlib import Path

from onrecord.index.errors import OnRecordError
from tests.attacks.traces import article, library_at


def main(folder: Path, work: str) -> None:
    with library_at(folder) as library:
        match work:
            case "prepare":
                library.add([article(f"a{n}", words=[f"word{n}"], sentences=80) for n in range(40)])
                library.search("word3")
            case "list":
                print(*sorted(info.id for info in library.articles()))
            case "search":
                print(library.search("word7 council")[0].passage.article_id)
            case "remove":
                print(*library.remove(["a3", "a4", "a5"]).removed)
            case "add":
                library.add([article("big", words=["bigword"], sentences=4000)])


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2])
    except OnRecordError as error:
        print(f"{type(error).__name__}: {error}")
        raise SystemExit(1) from error
