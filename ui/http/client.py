"""The other end of ``/api/v1``: how this account's own programs find the server that has a folder open, and ask it."""

import json
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from onrecord.index import errors, tls, tracing
from onrecord.index.store.lock import holder_of
from onrecord.index.types import Filter
from onrecord.ui.http.allowance import allowance

ANSWERS_WITHIN = 10.0  # seconds within which a server that is there says so
WORKS_WITHIN = 600.0  # seconds that it may be silent while it works
TURNS = 20  # earlier turns that a server takes; what is further back is not looked at


def waits() -> dict[str, Any]:
    """Options of a client of httpx. No proxy that is set for the web may see the articles or the token."""
    timeout = httpx.Timeout(WORKS_WITHIN, connect=ANSWERS_WITHIN)
    return {"timeout": timeout, "trust_env": False, "verify": tls.nobody()}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a folder is served: what the server says of itself, and the name that the collection has there."""

    folder: Path
    address: str
    collection: str
    token: str = ""
    pid: str = ""

    @property
    def url(self) -> str:
        return f"{self.address}/api/v1"

    def options(self, collection: str = "") -> dict[str, Any]:
        """Of a call about this collection, or another one of the same server."""
        named = {"collection": collection or self.collection}
        return {"headers": {"Authorization": f"Bearer {self.token}"}, "params": named}

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Within, a connection that fails is `LibraryBusy`."""
        try:
            yield
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise self.silent() from error

    def silent(self) -> errors.LibraryBusy:
        return errors.LibraryBusy(
            f"The data folder {self.folder} is open in the server at {self.address} (process {self.pid}), which does "
            "not answer; try again in a moment, or stop it."
        )


def place_of(folder: Path) -> Place | None:
    """Where a server of this machine has the folder open now."""
    owner = holder_of(folder)
    if "address" not in owner or owner.get("host") != socket.gethostname():
        return None
    return Place(folder, owner["address"], owner["collection"], owner["token"], owner["pid"])


class Interface:
    """Calls from a program that outlives servers: before each, it is looked where the folder is served by now.

    ``transport``: to an application in this process instead, which stays where it is. ``several``: whether other
    collections than the one at ``place`` may be named. ``model``: the one that is to write; empty: whichever does.
    """

    def __init__(
        self,
        place: Place,
        *,
        several: bool = True,
        model: str = "",
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.first, self.several, self.model = place, several, model
        self._here = transport is not None
        # No connection is kept: the next call may be in another event loop, and to another server.
        self._client = httpx.AsyncClient(
            transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),
            **waits(),
        )

    def named(self, collection: str) -> str:
        """The name as the server knows it; empty: the collection at ``place``."""
        if collection and collection != self.first.collection and not self.several:
            raise errors.InputError(
                f"There is no collection {collection!r}; leave collection out, or give one of: {self.first.collection}."
            )
        return collection or self.first.collection

    async def call(
        self, method: str, path: str, collection: str = "", *, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """The reply; raises the error that the server tells of, or one that says that it is not there."""
        named = self.named(collection)
        place = self.first if self._here else place_of(self.first.folder)
        if place is None:
            raise errors.StoreError(
                f"The data folder {self.first.folder} is open in no server any more; start `onrecord serve` or "
                "`onrecord chat` on it again."
            )
        told = place.options(named)
        told["params"] |= params or {}
        told["headers"] |= {**allowance().headers(), **tracing.current().headers}
        with place.talking():
            return reply_of(await self._client.request(method, place.url + path, **told, **options))


def reply_of(response: httpx.Response) -> Any:
    """What was sent; raises the error where it is one."""
    reply = response.json()
    if response.is_error:
        raise error_from(reply)
    return reply


def error_from(problem: Mapping[str, Any]) -> errors.OnRecordError:
    """The error that a problem document tells of, of the class that it had there."""
    kind = getattr(errors, str(problem.get("kind", "")), None)
    if not (isinstance(kind, type) and issubclass(kind, errors.OnRecordError)):
        kind = errors.InputError if int(problem.get("status", 500)) < 500 else errors.OnRecordError
    return kind(str(problem.get("detail", "")))


def events_in(chunks: Iterable[bytes]) -> Iterator[tuple[str, Any]]:
    """The name and the data of each Server-Sent Event.

    >>> list(events_in([b'event: progress\\ndata: {"do', b'ne": 1}\\n\\n']))
    [('progress', {'done': 1})]
    """
    left = b""
    for chunk in chunks:
        *whole, left = (left + chunk).split(b"\n\n")
        for event in whole:
            name, _, data = event.partition(b"\n")
            yield name.removeprefix(b"event: ").decode(), json.loads(data.removeprefix(b"data: "))


def given(scope: Filter) -> dict[str, Any]:
    """The filter as it is sent: what does not restrict is left out."""
    return {name: value for name, value in asdict(scope).items() if value}
