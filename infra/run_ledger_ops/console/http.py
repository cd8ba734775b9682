"""How commands ask by HTTP with what must not go astray: passwords, codes and tokens."""

import urllib.request
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow none: what is sent goes to the address that was checked, and to no other."""


def opener(url: str) -> urllib.request.OpenerDirector:
    """Return what opens *url*, and asks for what is on this machine without a proxy."""
    is_local = urlsplit(url).hostname in LOOPBACK
    proxies = [urllib.request.ProxyHandler({})] if is_local else []
    return urllib.request.build_opener(_NoRedirects, *proxies)
