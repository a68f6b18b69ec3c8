"""One request and its answer, within bounds: no redirect is followed, nothing unpacks to more than it may."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import httpcore
import httpx

from onrecord.index import tls
from onrecord.index.errors import FetchError
from onrecord.index.fetching.connections import Backend

NAME = "OnRecord"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """``headers`` by lower-case name; ``data`` is empty unless the status is 200."""

    status: int
    headers: Mapping[str, str]
    data: bytes = b""


def get(
    url: httpx.URL, backend: Backend, *, seconds: float, most: int, more: Mapping[str, str], cut: bool = False
) -> Reply:
    """Asks once. Raises ``FetchError`` with the reason, one sentence that names the address or its host.

    More than ``most`` bytes are an error, unless the rest may be ``cut``.
    """
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": user_agent(),
        "Accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.5",
        "Accept-Encoding": "gzip",
        **more,
    }
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    try:
        with (
            httpcore.ConnectionPool(tls.public(), network_backend=backend, max_keepalive_connections=0) as pool,
            pool.stream("GET", target, headers=list(headers.items())) as response,
        ):
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            data = _body(response.iter_stream(), found, url, most) if response.status == 200 else b""
            if len(data) > most and not cut:
                raise FetchError(
                    f"{url} is larger than {most // MIB} MB; raise fetch.mib, or save a part of it and add that."
                )
            return Reply(response.status, found, data[:most])
    except httpcore.TimeoutException as error:
        raise FetchError(
            f"{url} was not answered in full within {seconds:g} seconds; try again later, or raise fetch.seconds.",
            passing=True,
        ) from error
    except (httpcore.NetworkError, httpcore.ProtocolError, zlib.error) as error:
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise FetchError(f"{url} could not be fetched ({reason}); try again later.", passing=True) from error


@cache
def user_agent() -> str:
    """Who asks: this program and its version, and nothing about who uses it."""
    try:
        return f"{NAME}/{version('onrecord')}"
    except PackageNotFoundError:  # run from a folder that was not installed
        return NAME


def _body(chunks: Iterable[bytes], headers: Mapping[str, str], url: httpx.URL, most: int) -> bytes:
    """What came, unpacked; of what is longer than ``most`` bytes, one more than that."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise FetchError(f"{url} came packed as {encoding[:40]}, which was not asked for; save the page and add that.")
    unpacked = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    body = bytearray()
    for chunk in chunks:
        room = most + 1 - len(body)
        body += unpacked.decompress(chunk, room) if unpacked else chunk[:room]
        if len(body) > most:
            return bytes(body)
    if unpacked and not unpacked.eof:
        raise zlib.error("cut off")
    return bytes(body)
