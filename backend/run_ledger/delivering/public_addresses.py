"""Which addresses of the internet a delivery may be sent to: those that are everybody's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

# `is_global` lets these pass, some of them in older Pythons alone. The second list is of IPv6, in
# which other networks are embedded.
_NOT_FOR_US = tuple(
    ip_network(one)
    for one in (
        *("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",
    )
)
_UNICAST = IPv6Network("2000::/3")
_EMBEDDING = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48"))
)


def is_public(text: str) -> bool:
    """Return whether *text* is an address that any host of the internet may ask.

    No private, shared, loopback, link-local or multicast one is, and no address of IPv6 that stands
    for one of IPv4.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        return (
            address in _UNICAST
            and address.is_global
            and address.scope_id is None
            and not any(address in network for network in _EMBEDDING)
        )
    return address.is_global and not any(address in network for network in _NOT_FOR_US)
