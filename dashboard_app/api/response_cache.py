"""What a session has been told by the API: kept for a while, and for one caller alone.

It lies in the session's own state. No two people share a session, and whoever signs in anew gets a
new one; should the caller differ all the same, everything is forgotten.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from dashboard_app.api.http_client import Answer, ApiClient, Question

FRESH_SECONDS = 30.0
_MOST = 300
_MOST_DRAWN = 60
_AT_ONCE = 8

Document = Mapping[str, Any]
T = TypeVar("T")


@dataclass
class _Kept:
    answer: Answer
    at: float
    made: dict[Callable[[Document], object], object] = field(default_factory=dict)


class Answers:
    """Answers by question, for one caller."""

    def __init__(
        self, client: ApiClient, caller: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.caller = caller
        self._client = client
        self._clock = clock
        self._kept: OrderedDict[Question, _Kept] = OrderedDict()
        self._drawn: OrderedDict[Hashable, tuple[tuple[Answer, ...], object]] = OrderedDict()

    @property
    def client(self) -> ApiClient:
        """The client, for what is not worth keeping."""
        return self._client

    def load(self, questions: Iterable[Question]) -> None:
        """Get all that is not fresh, side by side; raise the first problem that comes."""
        missing = [one for one in dict.fromkeys(questions) if not self._is_fresh(one)]
        if not missing:
            return
        if len(missing) == 1:
            self._keep(missing[0], self._ask(missing[0]))
            return
        with ThreadPoolExecutor(min(_AT_ONCE, len(missing))) as pool:
            for asked, answer in zip(missing, pool.map(self._ask, missing), strict=True):
                self._keep(asked, answer)

    def is_fresh(self, questions: Iterable[Question]) -> bool:
        """Say whether nothing would have to be asked."""
        return all(self._is_fresh(one) for one in questions)

    def get(self, asked: Question) -> Answer:
        """Return the answer, from what is kept as long as that is fresh."""
        self.load([asked])
        return self._kept[asked].answer

    def known(self, asked: Question) -> Document | None:
        """Return what was last told, however long ago; None for what was never asked."""
        kept = self._kept.get(asked)
        return None if kept is None else kept.answer.document

    def make(self, asked: Question, maker: Callable[[Document], T]) -> T:
        """Return what *maker* makes of the answer; made once for an answer."""
        answer = self.get(asked)
        made = self._kept[asked].made
        if maker not in made:
            made[maker] = maker(answer.document)
        return cast("T", made[maker])

    def items(
        self,
        asked: Question,
        most: int | None = None,
        heard: Callable[[int], object] | None = None,
    ) -> tuple[list[Document], bool]:
        """Return the items of a list, and whether there are more than the *most* asked for.

        *heard* is told after each page how many there are so far.
        """
        found: list[Document] = []
        page = self.get(asked).document
        while True:
            found += page["items"]
            if heard is not None:
                heard(len(found))
            cursor = page["next_cursor"]
            if cursor is None or (most is not None and len(found) >= most):
                return found if most is None else found[:most], cursor is not None
            page = self.get(asked.also(cursor=cursor)).document

    def drawn(self, questions: Iterable[Question], key: Hashable, draw: Callable[[], T]) -> T:
        """Return what *draw* makes of answers to *questions*; made once for them and *key*."""
        answers = tuple(self._kept[asked].answer for asked in questions)
        kept = self._drawn.get(key)
        if (
            kept is None
            or len(kept[0]) != len(answers)
            or any(one is not other for one, other in zip(kept[0], answers, strict=True))
        ):
            kept = self._drawn[key] = (answers, draw())
        self._drawn.move_to_end(key)
        while len(self._drawn) > _MOST_DRAWN:
            self._drawn.popitem(last=False)
        return cast("T", kept[1])

    def forget(self) -> None:
        """Ask everything anew from here on."""
        self._kept.clear()
        self._drawn.clear()

    def _is_fresh(self, asked: Question) -> bool:
        kept = self._kept.get(asked)
        return kept is not None and self._clock() - kept.at < FRESH_SECONDS

    def _ask(self, asked: Question) -> Answer:
        kept = self._kept.get(asked)
        return self._client.ask(asked, kept.answer if kept else None)

    def _keep(self, asked: Question, answer: Answer) -> None:
        kept = self._kept.get(asked)
        if kept is not None and kept.answer is answer:
            kept.at = self._clock()
        else:
            self._kept[asked] = _Kept(answer, self._clock())
        self._kept.move_to_end(asked)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
