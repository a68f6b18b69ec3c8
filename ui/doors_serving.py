"""Serving the doors until they are stopped."""

import logging
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from onrecord.index import InputError

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


def run(app: ASGIApp, host: str, port: int, *, access_log: bool = True, path: str = "") -> None:
    """Serves until it is interrupted; prints the address once it can be used. Raises `InputError` for a port in use."""
    check_port(host, port)
    if access_log:
        _log_access()

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                shown = f"[{host}]" if ":" in host else host
                print(f"OnRecord is at http://{shown}:{port}{path}  (Ctrl-C stops it)", file=sys.stderr, flush=True)

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,  # it would hold query strings
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=65_536,
    )
    Announcing(config).run()


def _log_access() -> None:
    log = logging.getLogger("onrecord.access")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
