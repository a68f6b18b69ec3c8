"""`make lock`: the checksums in the locks, of every file that pip's indexes and folders offer of each version.

Run it after a line was added (as ``name==version``), or its version changed and its checksums deleted. It asks through
pip's own client, so mirrors, proxies and local folders apply, and the files name none of them. What a line has stays:
a file that is offered anew (a wheel for another machine) is added to it.

``requirements.lock`` is everything, with PyTorch's build for processors. ``requirements-torch.lock`` takes the place of
its line of torch where that build is not to be had: PyTorch as the public index has it, and the libraries for graphics
cards that this one needs on Linux. After a new version of torch, list them anew: ``pip install --dry-run
--ignore-installed --use-feature=fast-deps torch==VERSION`` names them and downloads none. ``requirements-train.lock``
is what `make train` needs besides: a few MB that nothing else does.
"""

import hashlib
import logging
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version
from pip._internal.commands.download import DownloadCommand
from pip._internal.index.collector import LinkCollector, parse_links
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession
from pip._internal.utils.urls import url_to_path

LOCKS = ("requirements.lock", "requirements-torch.lock", "requirements-train.lock")
LINE = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)( ; .+?)?((?: --hash=sha256:[0-9a-f]{64})*)$")
SUMS = re.compile(r"sha256:([0-9a-f]{64})")


def main() -> None:
    logging.getLogger("pip").setLevel(logging.ERROR)  # a local folder that has none of a package's files is no news
    command = DownloadCommand("download", "")
    options, _ = command.parse_args([])
    with command.main_context():
        session = command.get_default_session(options)
        collector = LinkCollector.create(session, options=options)
        for lock in LOCKS:
            path = Path(__file__).resolve().parent.parent / lock
            lines = path.read_text(encoding="utf-8").splitlines()
            with ThreadPoolExecutor(8) as pool:
                made = list(pool.map(lambda line: locked(line, collector, session), lines))
            path.write_text("\n".join(sorted(made, key=str.lower)) + "\n", encoding="utf-8")


def locked(line: str, collector: LinkCollector, session: PipSession) -> str:
    """The line with every checksum that it has or can have."""
    match = LINE.match(line)
    if match is None:
        sys.exit(f"this line of a lock is not NAME==VERSION: {line!r}")
    name, version, marker, known = match.groups(default="")
    sums = {*SUMS.findall(known), *(sha256_of(link, session) for link in links(name, Version(version), collector))}
    if not sums:
        sys.exit(f"pip knows no file of {name} {version}, which a lock names")
    return f"{name}=={version}{marker} " + " ".join(f"--hash=sha256:{one}" for one in sorted(sums))


def links(name: str, version: Version, collector: LinkCollector) -> Iterator[Link]:
    """The files of just this version for any machine; the local folders' too."""
    found = collector.collect_sources(name, candidates_from_page=lambda page: listed(page, collector))
    for source in (*found.find_links, *found.index_urls):
        if source is not None:
            for link in (*source.page_candidates(), *source.file_links()):
                if version_of(link, name) == version:
                    yield link


def listed(page: Link, collector: LinkCollector) -> list[Link]:
    response = collector.fetch_response(page)
    return list(parse_links(response)) if response else []


def version_of(link: Link, name: str) -> Version | None:
    """The version that a file is of (``2.0+cpu`` is another than ``2.0``); None for what is no file of the package."""
    try:
        if link.is_wheel:
            its_name, version, *_ = parse_wheel_filename(link.filename)
        else:
            its_name, version = parse_sdist_filename(link.filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    return version if its_name == canonicalize_name(name) else None


def sha256_of(link: Link, session: PipSession) -> str:
    """What the index says; a file on this disk is read, and one without a checksum fetched."""
    if link.is_file:
        with Path(url_to_path(link.url)).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if link.hash_name == "sha256" and link.hash:
        return str(link.hash)
    return hashlib.sha256(session.get(link.url_without_fragment).content).hexdigest()


if __name__ == "__main__":
    main()
