"""The address of a collection in PostgreSQL: ``postgresql://USER@HOST/DATABASE``. Its password is shown nowhere."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import TypeGuard
from urllib.parse import parse_qsl, unquote, urlsplit

from onrecord.index.errors import InputError

SCHEME = "postgresql://"
SCHEMA = "onrecord"
_WRONG = (
    "The address of the PostgreSQL database cannot be read; write postgresql://USER@HOST/DATABASE, with %2F for a "
    "slash and %40 for an @ in a password, or keep the password in PGPASSWORD or ~/.pgpass."
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a collection is. ``schema``: that of the database which holds its tables. ``options``: the driver's own."""

    host: str
    port: int | None
    database: str
    user: str
    password: str = field(repr=False)
    schema: str = SCHEMA
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """Without the password.

        >>> str(parse("postgresql://press:secret@db.example:5433/news?sslmode=require"))
        'postgresql://press@db.example:5433/news'
        """
        who = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return (
            f"{SCHEME}{who}{self.host}{port}/{self.database}{'' if self.schema == SCHEMA else f'?schema={self.schema}'}"
        )

    @property
    def folder(self) -> str:
        """The name of the folder that this collection's own files get on this machine, whoever logs in.

        >>> parse("postgresql://press:secret@db.example/news").folder == parse("postgresql://db.example/news").folder
        True
        """
        place = f"{self.host} {self.port} {dict(self.options).get('host', '')} {self.database} {self.schema}"
        readable = re.sub(r"[^\w.-]+", "-", f"{self.database}-{self.host or 'local'}")[:60]
        return f"{readable}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def is_address(text: object) -> TypeGuard[str]:
    """Whether a collection that is named so is in PostgreSQL; everything else is a folder.

    >>> is_address("postgresql://localhost/news"), is_address("/home/me/news")
    (True, False)
    """
    return isinstance(text, str) and text.startswith((SCHEME, "postgres://"))


def parse(text: str) -> Address:
    """The parts of an address; raises `InputError`, which repeats nothing of it, as it may hold a password.

    >>> parse("postgresql://press@/news?host=/run/postgresql&schema=sports")
    Address(host='', port=None, database='news', user='press', schema='sports')
    """
    if not is_address(text):
        raise InputError(_WRONG)
    try:
        parts = urlsplit(text)
        port = parts.port
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise InputError(_WRONG) from None
    database, schema = unquote(parts.path.removeprefix("/")), query.pop("schema", SCHEMA)
    if (
        parts.fragment
        or not re.fullmatch(r"[^/@:?#\s]+", database)
        or not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema)
    ):
        raise InputError(_WRONG)
    password = unquote(parts.password or "") or query.pop("password", "")
    host, user = parts.hostname or "", unquote(parts.username or "")
    return Address(host, port, database, user, password, schema, tuple(sorted(query.items())))
