"""All settings: those of articles and answers, and where and how they are served."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from onrecord.index.errors import InputError
from onrecord.index.settings import at_least
from onrecord.qa.settings import Settings, read_settings

TO_FILE = "file:"
TRACES = re.compile(rf"https?://[^\s@/?#]+(?:/[^\s@?#]*)?|{TO_FILE}.+|")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the page is served. ``allowed_hosts``: further names it is reached by; ``auth``: NAME:PASSWORD pairs.

    ``request_log``: keep a line about each request, without its text, in the data folder. ``traces``: where spans of
    requests go, without text too: the address of an OpenTelemetry collector, or ``file:`` and a path; empty: nowhere.
    The rest is what connections may take, as `onrecord.ui.server.connections.ConnectionLimits` says.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    allowed_hosts: tuple[str, ...] = ()
    auth: tuple[str, ...] = field(default=(), repr=False)
    request_log: bool = True
    traces: str = ""
    connections: int = 256
    header_seconds: float = 10.0
    body_seconds: float = 60.0
    idle_seconds: float = 30.0

    def __post_init__(self) -> None:
        at_least(self, "server", connections=1, header_seconds=1, body_seconds=1, idle_seconds=1)
        if not 0 <= self.port <= 65535:
            raise InputError(f"server.port = {self.port} cannot be used: a port is a number from 0 to 65535.")
        if not TRACES.fullmatch(self.traces):  # not shown: a password may be in it
            raise InputError(
                "server.traces cannot be used: it is a collector's address, as http://127.0.0.1:4318, or file:PATH; a "
                "password for a collector belongs in OTEL_EXPORTER_OTLP_HEADERS."
            )


@dataclass(frozen=True, slots=True)
class AllSettings(Settings):
    """What `onrecord.qa.settings.Settings` has, and the section ``server``."""

    server: ServerSettings = field(default_factory=ServerSettings)

    def log_file(self, name: str = "requests.log") -> Path | None:
        """Where requests are noted; None where that is turned off."""
        return self.data / name if self.server.request_log else None


def load_settings(
    path: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> AllSettings:
    """The whole of the file, the variables and the flags, as `onrecord.qa.load_settings` reads them."""
    return read_settings(AllSettings, path, env=env, flags=flags)
