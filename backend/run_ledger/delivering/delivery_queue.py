"""The queue of deliveries, as whoever has something to tell fills it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.delivery.deliveries import Delivery, deliveries_of, packed
from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.causes import CauseKey, IncidentNotice

_log = logging.getLogger(__name__)

_MESSAGES_PER_CALL = 10
_BYTES_PER_CALL = 250_000
_CALL_SECONDS = 6.0


class DeliveryQueue:
    """The queue by its URL; without one nothing is delivered, and all counts as handed on."""

    def __init__(self, client: Callable[[], Any], url: str) -> None:
        """Send to the queue at *url* by the client that *client* makes at its first use."""
        self._client = client
        self._url = url

    def put(
        self, deliveries: Sequence[Delivery], remaining_seconds: Callable[[], float]
    ) -> set[str]:
        """Put *deliveries* into the queue, and return the ids of those that it has taken.

        What it may have taken without an answer is not among them: put again, it has the same id.
        """
        if not self._url:
            return {one.delivery_id for one in deliveries}
        taken: set[str] = set()
        for batch in _batches(deliveries):
            if remaining_seconds() < _CALL_SECONDS:
                break
            taken |= self._send(batch)
        return taken

    def hand_on(
        self,
        scope: IncidentScope,
        waiting: Sequence[tuple[CauseKey, IncidentNotice]],
        remaining_seconds: Callable[[], float],
    ) -> list[str]:
        """Put notices into the queue, each once for each channel of its incident.

        Returns the ids of the notices of which the queue has taken all, in their order.
        """
        by_notice = {notice.notice_id: deliveries_of(scope, key, notice) for key, notice in waiting}
        taken = self.put([one for each in by_notice.values() for one in each], remaining_seconds)
        return [
            notice_id
            for notice_id, deliveries in by_notice.items()
            if all(one.delivery_id in taken for one in deliveries)
        ]

    def put_off(self, receipt: str, seconds: int) -> None:
        """Let a message come again in so many seconds; if that fails, it does so by itself."""
        try:
            self._client().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as error:
            _log.error("not put off", extra={"failure": type(error).__name__})

    def _send(self, batch: Sequence[tuple[Delivery, str]]) -> set[str]:
        # By group, SQS lets nobody wait behind whoever has much to be told or a slow receiver.
        entries = [
            {"Id": str(place), "MessageBody": body, "MessageGroupId": delivery.client_id}
            for place, (delivery, body) in enumerate(batch)
        ]
        try:
            answer = self._client().send_message_batch(QueueUrl=self._url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            _log.exception("the queue did not answer", exc_info=error)
            return set()
        return {batch[int(one["Id"])][0].delivery_id for one in answer.get("Successful", [])}


NO_DELIVERIES = DeliveryQueue(dict, "")


def _batches(deliveries: Sequence[Delivery]) -> Iterator[list[tuple[Delivery, str]]]:
    batch: list[tuple[Delivery, str]] = []
    size = 0
    for delivery in deliveries:
        body = packed(delivery)
        length = len(body.encode())
        if batch and (len(batch) == _MESSAGES_PER_CALL or size + length > _BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append((delivery, body))
        size += length
    if batch:
        yield batch
