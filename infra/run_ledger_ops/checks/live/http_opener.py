"""How the live check asks by HTTP."""

import urllib.request


def opener(*, is_local: bool) -> urllib.request.OpenerDirector:
    """Return what opens addresses; what is on this machine is not asked for through a proxy."""
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if is_local else []))
