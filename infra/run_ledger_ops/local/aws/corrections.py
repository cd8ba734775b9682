"""Where ministack departs from AWS, or repeats work, at a price that a laptop notices.

Nothing here changes an answer that AWS would give. `infra/decisions` says what each line costs
without it; the version of ministack is pinned, and a start fails if a name is not there any more.
"""

import functools
import importlib
import json
import math
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from run_ledger_ops.local.aws import forked_workers
from run_ledger_ops.local.aws.ordered_indexes import OrderedIndexes
from run_ledger_ops.local.aws.shared_code import SharedCode
from run_ledger_ops.local.aws.shared_values import SharedValues
from run_ledger_ops.local.aws.stream_reading import ReadRecords, StreamReading
from run_ledger_ops.local.aws.stream_windows import StreamWindows
from run_ledger_ops.local.aws.transaction_tokens import without_requests

GATHERING_SECONDS = 0.2
"""How long a function's batch gathers at least, after the one before, unless it is full.

AWS waits for the mapping's window (a second at least) before each; here a lone event shows at once.
"""
_REMEMBERED = 4_096


def apply(package: str) -> None:
    """Correct the package of the local AWS, before it serves."""
    sqs, bus, dynamodb, functions, workers, concurrency, rights = (
        importlib.import_module(f"{package}.{name}")
        for name in (
            "services.sqs",
            "services.eventbridge",
            "services.dynamodb",
            "services.lambda_svc",
            "core.lambda_runtime",
            "core.concurrency",
            "core.iam_actions",
        )
    )
    # It gives a function ten messages at most; AWS gives as many as the mapping's BatchSize says.
    length = _length_of(sqs)
    _replace(
        sqs,
        "_receive_messages_for_esm",
        lambda take: Batches(take, length, concurrency.esm_wake.set),
    )
    # It looks for a function's queue by the URL that one has on the port of this start; but a queue
    # keeps the URL of the port on which it was made.
    _replace(sqs, "_queue_url_for_account", lambda made: _known_url(made, sqs))
    # It knows no window of a stream: a function would be called for each record of a busy table.
    windows = StreamWindows(concurrency.esm_wake.set)
    _replace(functions, "_iter_all_esms", windows.without_resting)
    _replace(functions, "_apply_filter_criteria", windows.noting)
    # It gives queues nothing while a function reads a stream, and keeps what is read for a day.
    forget = ReadRecords(dynamodb, functions)
    _replace(functions, "_poll_dynamodb_streams", lambda look: StreamReading(look, forget))
    # It keeps how far a function has read a table's stream, but none of the stream's records: after
    # its next start, a function would hear nothing until as many records have come as before.
    positions = getattr(functions, "_dynamodb_stream_positions")  # noqa: B009 - a private name
    _replace(functions, "_restore_esm_positions", lambda put: _from_the_first(put, positions))
    # It unpacks a function's code for each worker of it, and starts a Python for each that imports
    # it all again. And it does not tell a function the name of its handler.
    code = SharedCode()
    _replace(workers, "zipfile", lambda _: code)
    _replace(workers, "execution_credentials", forked_workers.with_handler)
    if forked_workers.are_possible():
        starter = forked_workers.ForkedWorkers()
        _replace(workers, "subprocess", lambda _: starter)
    # It keeps every event of a bus in memory for ever, and never reads them again.
    _replace(bus, "_events_log_list", lambda _: list)
    # It reads the text of a condition again for each item that the condition is tried on.
    _replace(dynamodb, "_tokenize", _remember_tokens)
    for name in ("_check_redundant_parens", "_check_reserved_keyword_usage"):
        _replace(dynamodb, name, _remember_of_tokens)
    _replace(dynamodb, "_condition_syntax_error", functools.lru_cache(_REMEMBERED))
    # It keeps whole transactions, each for ten minutes, to know their tokens again.
    _replace(dynamodb, "_txn_token_store", without_requests)
    # It sorts and tries all of an index's partition for each page.
    indexes = OrderedIndexes(dynamodb)
    _replace(dynamodb, "_query", indexes.query)
    _replace(dynamodb, "_index_members", indexes.members)
    _replace(dynamodb, "_index_item", indexes.changed)
    # It keeps each value of each item as a dict of its own.
    _replace(dynamodb, "_set_item", SharedValues().set_item)
    # It judges a right to look at a Map run as if that were one to look at everything.
    _replace(rights, "extract_resource_arn", _with_map_runs)
    # It reads a call's JSON four times to judge it, and judges each item of a transaction, though
    # most of them are of the same table.
    _replace(rights, "json", LastRead)
    _replace(rights, "dynamodb_transaction_checks", _each_once)
    # It asks for rights to calls of several messages, which AWS judges as calls of one.
    _replace(rights, "extract_iam_action", _with_single_messages)


class Batches:
    """Takes a function's messages from a queue, as many as its mapping allows.

    *take* gives a few of a queue's messages, *length* says how many are there, and *wake* makes the
    local AWS look again.
    """

    def __init__(
        self,
        take: Callable[[str, int], list[Any]],
        length: Callable[[str], int],
        wake: Callable[[], None],
        gathering_seconds: float = GATHERING_SECONDS,
    ) -> None:
        self._take = take
        self._length = length
        self._wake = wake
        self._gathering_seconds = gathering_seconds
        self._taken_at: dict[str, float] = {}
        self._timer: threading.Timer | None = None

    def __call__(self, queue_url: str, most: int) -> list[Any]:
        """Return up to *most* messages; none while more of them may gather."""
        left = self._taken_at.get(queue_url, -math.inf) + self._gathering_seconds - time.monotonic()
        if left > 0 and self._length(queue_url) < most:
            self._look_again_in(left)
            return []
        taken: list[Any] = []
        while len(taken) < most and (some := self._take(queue_url, most - len(taken))):
            taken += some
        if taken:
            self._taken_at[queue_url] = time.monotonic()
        return taken

    def _look_again_in(self, seconds: float) -> None:
        if self._timer is None or not self._timer.is_alive():
            self._timer = threading.Timer(seconds, self._wake)
            self._timer.daemon = True
            self._timer.start()


class LastRead:
    """Stands in for the module `json` where the same text is read again and again, and not changed.

    Nobody may change what `loads` returns: the next one who reads the text gets it, too.
    """

    def __init__(self, module: Any) -> None:
        self._module = module
        self._last: tuple[bytes, Any] = (b"", None)

    def __getattr__(self, name: str) -> Any:
        """Return everything else as it is."""
        return getattr(self._module, name)

    def loads(self, text: bytes) -> Any:
        """Return what a text says. Raises ValueError as the module does."""
        last, value = self._last
        if text is not last:
            value = self._module.loads(text)
            self._last = text, value
        return value


def _each_once(checks: Callable[..., list[Hashable]]) -> Callable[..., list[Hashable]]:
    """Return what gives the same *checks*, in their order, each once."""
    return lambda *request: list(dict.fromkeys(checks(*request)))


def _from_the_first(put: Callable[[Any, Any], None], positions: Any) -> Callable[..., None]:
    """Return what puts back how far functions have read: of tables' streams, nothing of the new."""

    def restore(store: Any, kept: Any) -> None:
        put(store, kept)
        if store is positions:
            for (account, region, mapping), _ in store.all_items():
                store.set_scoped(account, region, mapping, 0)

    return restore


def _length_of(sqs: Any) -> Callable[[str], int]:
    """Return what says how many messages a queue holds, those at work among them."""
    queue_of = getattr(sqs, "_get_q")  # noqa: B009 - a private name, on purpose

    def length(queue_url: str) -> int:
        return len(queue_of(queue_url)["messages"])

    return length


def _known_url(made: Callable[[str, str], str], sqs: Any) -> Callable[[str, str], str]:
    """Return what gives a queue's URL: the one that the queue has, *made* for one that isn't there.

    It keeps queues by their URLs, and finds one under another URL only where it looks by name.
    """
    urls = getattr(sqs, "_queue_name_to_url")  # noqa: B009 - a private name, on purpose

    def url_of(account_id: str, name: str) -> str:
        return urls.get_scoped(account_id, sqs.get_region(), name) or made(account_id, name)

    return url_of


def _with_single_messages(named: Callable[..., str | None]) -> Callable[..., str | None]:
    """Return what names the right of a request: of a batch of messages, that for one of them."""

    def right_of(service: str, *request: Any) -> str | None:
        right = named(service, *request)
        return right.removesuffix("Batch") if service == "sqs" and right else right

    return right_of


def _with_map_runs(named: Callable[..., str]) -> Callable[..., str]:
    """Return what names the resource of a request: a Map run, too, by its ARN."""

    def resource_of(service: str, *request: Any) -> str:
        resource = named(service, *request)
        if service == "states" and resource == "*":
            _method, _path, _headers, body, *_ = request
            return _map_run_in(body) or resource
        return resource

    return resource_of


def _map_run_in(body: bytes) -> str | None:
    try:
        arn = json.loads(body).get("mapRunArn")
    except (ValueError, AttributeError):
        return None
    return arn if isinstance(arn, str) else None


def _remember_tokens(tokenize: Callable[[str], list[Hashable]]) -> Callable[[str], list[Hashable]]:
    """Return a reader of texts that reads each once, and gives its tokens in a new list."""
    remembered = functools.lru_cache(_REMEMBERED)(tokenize)
    return lambda text: list(remembered(text))


def _remember_of_tokens(check: Callable[..., str | None]) -> Callable[..., str | None]:
    """Return a check of an expression's tokens that answers the same tokens from memory."""
    remembered = functools.lru_cache(_REMEMBERED)(check)

    def answer(tokens: Sequence[Hashable], *more: Hashable) -> str | None:
        return remembered(tuple(tokens), *more)

    return answer


def _replace(module: Any, name: str, correct: Callable[[Any], Any]) -> None:
    """Put what *correct* makes of a function in its place. Raises AttributeError if it is gone."""
    setattr(module, name, correct(getattr(module, name)))
