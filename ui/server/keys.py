"""Keys for other programs: made once, shown once, stored hashed, each with its own limit."""

import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onrecord.index.errors import InputError, StoreError
from onrecord.ui.desk.documents import document
from onrecord.ui.desk.tables import Tables
from onrecord.ui.http.allowance import Allowance

FILE_NAME = "keys.json"
_TOKEN = re.compile(r"or_([0-9a-f]{8})_[\w-]{20,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key. ``per_minute``: requests; the rest as in `Allowance`."""

    id: str
    name: str
    salt: str
    digest: str
    created: str
    per_minute: int = 120
    read_only: bool = False
    collections: tuple[str, ...] = ()
    questions_per_day: int = 0

    @property
    def allowance(self) -> Allowance:
        return Allowance(self.id, self.name, self.read_only, self.collections, self.questions_per_day)


class Keys:
    """The keys of one data folder or, with ``tables``, of all servers over one database.

    A change by another process counts from the next request on.
    """

    def __init__(self, path: Path, tables: Tables | None = None) -> None:
        self._document = document(path, tables)
        self._lock = threading.Lock()
        self._read = ""
        self._keys: tuple[Key, ...] = ()

    def list(self) -> tuple[Key, ...]:
        """The keys in the order in which they were made; raises `StoreError` for a damaged file."""
        with self._lock:
            try:
                text = self._document.read()
                if text != self._read:
                    self._keys, self._read = tuple(_key(row) for row in json.loads(text)) if text else (), text
            except (OSError, ValueError, TypeError) as error:
                raise StoreError(
                    f"The keys in {self._document} cannot be read ({error}); delete it and add keys."
                ) from error
            return self._keys

    def add(
        self,
        name: str,
        *,
        per_minute: int = 120,
        read_only: bool = False,
        collections: tuple[str, ...] = (),
        questions_per_day: int = 0,
    ) -> tuple[Key, str]:
        """A new key and its text, which is told only now."""
        name = " ".join(name.split())
        if not name or len(name) > 60 or not name.isprintable():
            raise InputError(f"{name!r} cannot name a key; use 1 to 60 characters that say who uses it.")
        if per_minute < 1:
            raise InputError(f"A limit of {per_minute} requests a minute allows nothing; give 1 or more.")
        if questions_per_day < 0:
            raise InputError(f"A limit of {questions_per_day} questions a day cannot be kept; give 1 or more, or none.")
        key_id, salt = secrets.token_hex(4), secrets.token_hex(16)
        token = f"or_{key_id}_{secrets.token_urlsafe(32)}"
        created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        limits = (per_minute, read_only, collections, questions_per_day)
        key = Key(key_id, name, salt, _digest(salt, token), created, *limits)
        with self._document.changing():
            known = self.list()
            if any(other.name == name for other in known):
                raise InputError(f"There is a key named {name!r}; revoke it first, or choose another name.")
            self._write((*known, key))
        return key, token

    def revoke(self, name: str) -> Key:
        """Ends the key of this name or id."""
        with self._document.changing():
            known = self.list()
            found = next((key for key in known if name in (key.name, key.id)), None)
            if found is None:
                names = ", ".join(key.name for key in known) or "none"
                raise InputError(f"There is no key named {name!r}; the keys are: {names}.")
            self._write(tuple(key for key in known if key is not found))
        return found

    def find(self, token: str) -> Key | None:
        """The key whose text this is."""
        match = _TOKEN.fullmatch(token)
        if not match:
            return None
        for key in self.list():
            if key.id == match[1]:
                return key if hmac.compare_digest(key.digest, _digest(key.salt, token)) else None
        return None

    def _write(self, keys: tuple[Key, ...]) -> None:
        self._document.write(json.dumps([asdict(key) for key in keys], indent=1))


def _key(row: dict[str, Any]) -> Key:
    return Key(**{**row, "collections": tuple(row.get("collections", ()))})


def _digest(salt: str, token: str) -> str:
    """One round is enough: the text has 256 random bits, so there is nothing to guess, only a file not to leak."""
    return hashlib.sha256(f"{salt}:{token}".encode()).hexdigest()


class Rate:
    """Requests a minute, per key, with a minute's worth at once: a bucket that refills steadily.

    No more than ``most`` buckets are kept, the longest unused going first.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, most: int = 10_000) -> None:
        self._clock, self._most = clock, most
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait(self, key_id: str, per_minute: int) -> float:
        """0 when the request may pass now, and it is then counted; else the seconds until one may."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(key_id, (float(per_minute), now))
            while len(self._buckets) >= self._most:
                del self._buckets[next(iter(self._buckets))]
            left = min(float(per_minute), left + (now - since) * per_minute / 60)
            if left < 1:
                self._buckets[key_id] = (left, now)
                return (1 - left) * 60 / per_minute
            self._buckets[key_id] = (left - 1, now)
            return 0.0
