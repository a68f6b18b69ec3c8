"""What is given to a fetcher, and what comes of it. Importing this loads no library."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Version:
    """What a server calls the state of a page: sent back, it says whether that changed."""

    etag: str = ""
    modified: str = ""


UNKNOWN = Version()


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came. ``address``: where it was found in the end; ``kind``: its media type in lower case, may be empty.

    ``unchanged``: it is as the ``Version`` that was given says; then there is no data.
    """

    address: str
    data: bytes = b""
    kind: str = ""
    charset: str = ""
    version: Version = UNKNOWN
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, as the log has it. ``status`` 0: there was no answer; ``outcome``: what became of it, in words."""

    at: str
    address: str
    status: int
    bytes: int
    outcome: str
