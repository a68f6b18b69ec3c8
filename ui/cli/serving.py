"""Serving the doors until they are stopped."""

import contextlib
import logging
import socket
import sys
from pathlib import Path

from starlette.types import ASGIApp

from onrecord.index import InputError
from onrecord.ui.server.connections import Config, ConnectionLimits
from onrecord.ui.server.request_log import LINE
from onrecord.ui.server.serving import Server

GRACE = 10  # seconds that requests under way have to finish; then they are cancelled, and the model stops


def check_port(host: str, port: int) -> None:
    """Raises `InputError` for a port in use."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"{host}:{port} cannot be used ({error.strerror}); stop what uses it, or choose another with --port."
            ) from error


def run(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    access_log: bool = True,
    path: str = "",
    limits: ConnectionLimits | None = None,
    request_log: Path | None = None,
) -> None:
    """Serves until it is interrupted; prints where requests are noted, and the address once it can be used.

    Raises `InputError` for a port in use.
    """
    check_port(host, port)
    if access_log:
        _log_access()
    if request_log:
        print(f"Requests are logged, without what was asked, in {request_log}", file=sys.stderr)
    config = Config(app, limits=limits or ConnectionLimits(), host=host, port=port, timeout_graceful_shutdown=GRACE)
    collections = getattr(getattr(app, "state", None), "collections", None)
    with contextlib.suppress(KeyboardInterrupt):  # how a server is stopped
        Server(config, path=path, to=sys.stderr, collections=collections).run()


def _log_access() -> None:
    log = logging.getLogger("onrecord.access")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LINE)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
