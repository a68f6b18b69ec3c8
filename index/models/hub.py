"""A model's files from the upstream hub, over HTTP: what came before a connection broke is kept, and gone on from.

``HF_ENDPOINT`` names another address than the hub's own (a mirror). Whatever answers there, the sha256 decides.
"""

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from onrecord.index import tls
from onrecord.index.models.catalogue import ModelEntry, ModelFile, Progress, readable
from onrecord.index.models.partial import SourceFailed, check_space, length, note_of, partial_of

HUB = "https://huggingface.co"
SILENCE = 30.0  # seconds without a byte after which a connection counts as broken
TRIES = 5  # connections in a row that bring nothing new
PAUSE = 2.0  # seconds before the next try; a little longer each time
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that may be others a little later
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")


class _Broken(Exception):
    """This connection gave no more; another may."""


def from_hub(entry: ModelEntry, files: Sequence[ModelFile], on_progress: Progress) -> Iterator[ModelFile]:
    """Bring each file's ``.partial`` to its full length, then yield the file."""
    here = entry.bytes - sum(file.bytes for file in files)
    # Packed bytes would count as others than the file's.
    headers = {"Accept-Encoding": "identity"}
    with httpx.Client(timeout=SILENCE, follow_redirects=True, headers=headers, verify=tls.public()) as client:
        for file in files:
            partial = partial_of(entry.folder, file)
            partial.parent.mkdir(parents=True, exist_ok=True)
            note_of(partial).unlink(missing_ok=True)
            if file.exact and length(partial) > file.bytes:  # of another file
                partial.unlink()
            for done in _grown(client, entry, file, partial):
                on_progress(here + done, entry.bytes)
            yield file
            here += file.bytes


def address_of(entry: ModelEntry, file: ModelFile) -> str:
    """Where the hub has the file."""
    hub = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    return f"{hub}/{entry.repository}/resolve/{entry.revision or 'main'}/{quote(file.path)}"


def _grown(client: httpx.Client, entry: ModelEntry, file: ModelFile, partial: Path) -> Iterator[int]:
    """Fetches what ``partial`` lacks, over as many connections as it takes; yields the bytes that are there."""
    address, first, tries = address_of(entry, file), length(partial), 0
    while not (file.exact and length(partial) == file.bytes):
        before = length(partial)
        try:
            yield from _once(client, entry, file, partial)
            return
        except (httpx.TransportError, _Broken) as error:
            reason, came = str(error).strip() or type(error).__name__, length(partial)
            tries = 1 if came > before else tries + 1
            unreachable = came == first and isinstance(error, httpx.ConnectError)
            if unreachable or tries == TRIES:
                kept = f"; `onrecord models pull {entry.name}` goes on after the {readable(came)} that came"
                raise SourceFailed(f"{address} did not give it ({reason}){kept if came else ''}.") from error
            time.sleep(PAUSE * tries)
        except (httpx.InvalidURL, httpx.HTTPError) as error:
            raise SourceFailed(f"{address} cannot be fetched ({error}).") from error


def _once(client: httpx.Client, entry: ModelEntry, file: ModelFile, partial: Path) -> Iterator[int]:
    """One connection. Raises `_Broken` where it ends before the file does."""
    address, begun = address_of(entry, file), length(partial)
    with client.stream("GET", address, headers={"Range": f"bytes={begun}-"} if begun else {}) as reply:
        start, total = _place(reply, begun, address)
        if file.exact and total not in (file.bytes, None):
            raise SourceFailed(f"{address} has {total} bytes where the catalogue has {file.bytes}.")
        check_space(entry, (total or file.bytes) - begun)
        with partial.open("r+b" if begun else "wb") as out:
            out.truncate(start)
            out.seek(start)
            yield start
            if start == total:
                return
            for chunk in reply.iter_raw():  # as they come: whole chunks of one size would lose the last before a break
                out.write(chunk)
                yield out.tell()
    if total is not None and length(partial) < total:
        raise _Broken(f"the connection ended after {length(partial)} of {total} bytes")


def _place(reply: httpx.Response, begun: int, address: str) -> tuple[int, int | None]:
    """Where in the file the reply's bytes belong, and how many the file has, None where that is not said."""
    named = _RANGE.match(reply.headers.get("Content-Range", ""))
    match reply.status_code:
        case 200:  # the whole file, whatever was asked for
            size = reply.headers.get("Content-Length", "")
            return 0, int(size) if size.isdecimal() else None
        case 206 if named and named[1] == str(begun):
            return begun, int(named[2])
        case 416 if named and int(named[2]) == begun:  # nothing is lacking
            return begun, begun
        case status if status in _BUSY:
            raise _Broken(f"it answered {status} {reply.reason_phrase}")
        case status:
            raise SourceFailed(f"{address} answered {status} {reply.reason_phrase}.")
