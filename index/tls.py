"""Whom a connection trusts. httpx reads the public authorities for every client, 30 ms of processor each time."""

import ssl
from functools import cache

import httpx


@cache
def public() -> ssl.SSLContext:
    """The authorities that this machine, or the environment, trusts; read once."""
    return httpx.create_ssl_context()


def nobody() -> ssl.SSLContext:
    """For plain connections to this machine's own servers, which need no authority: an encrypted one would fail."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
