"""Which addresses may be fetched: of the web, without a password, and at which numbers of the network."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from onrecord.index.errors import FetchError
from onrecord.index.inert import web_address

LONGEST = 2000
_NAT64 = IPv6Network("64:ff9b::/96")  # how a network without IPv4 writes IPv4 addresses


def parsed(address: str) -> httpx.URL:
    """The address without its fragment; raises ``FetchError`` for what is no plain web address.

    >>> str(parsed(" https://Courier.example/a b#top "))
    'https://courier.example/a%20b'
    """
    stated = address.strip()
    try:
        url = httpx.URL(stated[: LONGEST + 1]).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(f"{stated[:LONGEST]} is no web address; write it as https://….") from error
    if url.userinfo:
        raise FetchError(f"{url.copy_with(userinfo=b'')} was given with a password, which is not sent; leave that out.")
    if not web_address(str(url)) or len(stated) > LONGEST:
        raise FetchError(f"{stated[:LONGEST]} is no web address; write it as https://….")
    return url


def is_public(number: str) -> bool:
    """Whether a numeric address is one of the internet, however it is written.

    >>> [is_public(one) for one in ("93.184.216.34", "10.0.0.1", "::1", "::ffff:127.0.0.1", "fe80::1%eth0")]
    [True, False, False, False, False]
    """
    found = _inner(ip_address(number))
    return (
        found.is_global
        and not found.is_multicast
        and not found.is_reserved
        and not (isinstance(found, IPv6Address) and found.is_site_local)
    )


def _inner(found: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one leads to, where it does."""
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None) or found
