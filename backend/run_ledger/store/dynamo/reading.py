"""The calls that one request reads with: in rounds, those of a round at the same time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable

from .faults import Fault, fault
from .table_names import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

A = TypeVar("A")
B = TypeVar("B")


class Reading:
    """Makes a request's calls, counts them, and gives up when the request's time is over."""

    def __init__(
        self, client: DynamoDBClient, tables: Tables, executor: Executor, seconds: float
    ) -> None:
        """Read through *client*, with the threads of *executor*, for at most *seconds*."""
        self.client = client
        self.tables = tables
        self.rounds = 0
        self.calls = 0
        self._executor = executor
        self._until = time.monotonic() + seconds

    def together(self, calls: Sequence[Callable[[], A]]) -> list[A]:
        """Make *calls* at the same time and return their answers in order.

        Raises StoreUnavailable where DynamoDB refuses for the moment, or not all answer in time.
        """
        if not calls:
            return []
        self.rounds += 1
        self.calls += len(calls)
        return self._answers([self._executor.submit(call) for call in calls])

    def in_groups(self, groups: Sequence[Sequence[Callable[[], Any]]]) -> list[list[Any]]:
        """Make the calls of all *groups* at the same time; return the answers of each group."""
        answers = iter(self.together([call for group in groups for call in group]))
        return [[next(answers) for _ in group] for group in groups]

    def beside(self, call: Callable[[], A]) -> Callable[[], A]:
        """Begin a call that is made beside the rounds, and return what waits for its answer.

        What is returned raises StoreUnavailable as `together` does.
        """
        self.calls += 1
        future = self._executor.submit(call)
        return lambda: self._answers([future])[0]

    def _answers(self, futures: list[Future[A]]) -> list[A]:
        _, unanswered = wait(futures, timeout=max(0.0, self._until - time.monotonic()))
        if unanswered:
            for future in unanswered:
                future.cancel()
            raise StoreUnavailable("DynamoDB did not answer in time")
        try:
            return [future.result() for future in futures]
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.PASSING:
                raise StoreUnavailable(str(error)) from error
            raise

    def alone(self, call: Callable[[], A]) -> A:
        """Make one call as a round of its own, and return its answer."""
        (answer,) = self.together([call])
        return answer

    def both(self, one: Callable[[], A], other: Callable[[], B]) -> tuple[A, B]:
        """Make two calls at the same time whose answers differ in type, and return both."""
        first: list[A] = []
        second: list[B] = []
        self.together([lambda: first.append(one()), lambda: second.append(other())])
        return first[0], second[0]
