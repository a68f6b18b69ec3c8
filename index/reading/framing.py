"""Messages between this process and the one that reads files: a length, then so many bytes. JSON, never code."""

import json
import struct
from typing import IO, Any

TOO_MUCH_MEMORY = 97
"""The exit code of a reading process that ran out of it."""

_LENGTH = struct.Struct(">Q")


def send(stream: IO[bytes], *payloads: bytes) -> None:
    """Sends the messages together; raises ``OSError`` when nobody listens any more."""
    for payload in payloads:
        stream.write(_LENGTH.pack(len(payload)))
        stream.write(payload)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """The next message, or None when the other side has gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    payload = stream.read(length)
    return payload if len(payload) == length else None


def packed(value: Any) -> bytes:
    """
    >>> unpacked(packed({"name": "\\\\udcff.txt"}))
    {'name': '\\\\udcff.txt'}
    """
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unpacked(payload: bytes) -> Any:
    return json.loads(payload.decode("utf-8", "surrogatepass"))
