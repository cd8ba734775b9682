"""Which addresses deliveries may go to."""

from __future__ import annotations

import pytest

from run_ledger.delivering.public_addresses import is_public

PUBLIC = ["1.1.1.1", "8.8.8.8", "52.94.236.248", "2606:4700:4700::1111", "2a00:1450:4001:800::200e"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1.2.3"),  # noqa: S104
    *("169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("192.0.0.1", "192.0.0.8", "192.0.0.192"),
    *("192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1"),
    *("ff02::1", "fe80::1%eth0", "2606:4700:4700::1111%1"),
    *("", "localhost", "0177.0.0.1", "2130706433", "0x7f000001", "127.1", "1.1.1.1 "),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_anybody_s_address_is_public(address: str) -> None:
    """Of both kinds."""
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_other_is(address: str) -> None:
    """Not private, shared, local, of groups, of documents, nor one of IPv4 inside one of IPv6."""
    assert not is_public(address)
