"""The real reader behind the site's stand-in origin."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.support.app.dashboard_api import Api, token
from tests.support.dynamo.querying import Querying
from tests.support.events.builders import Envelope
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import House
from tests.support.site.fake_site_origin import FakeOrigin

from run_ledger.domain import instants


def serve(
    origin: FakeOrigin, events: Iterable[Envelope], *groups: str, at: datetime | None = None
) -> House:
    """Let the real reader of a ledger with these events answer behind *origin*.

    It answers as to a person of these groups: staff, where none is named. Its time stands still,
    *at* that moment or now.
    """
    now = instants.parse((at or datetime.now(UTC)).isoformat())
    house = House(Querying(empty_store()), now=now)  # type: ignore[arg-type]
    house.post(*events, at=now - 60 * instants.MICROSECONDS)
    api, lock = Api(house), threading.Lock()
    caller = {"Authorization": f"Bearer {token('u-1', *(groups or ('staff',)))}"}

    def answer(path: str, query: dict[str, str], authorization: str) -> tuple[int, Any]:
        del authorization
        with lock:
            status, _, body = api.answer(f"{path}?{urlencode(query)}", caller)
        return status, json.loads(body)

    origin.answer_api = answer  # type: ignore[method-assign]
    return house
