"""The records of a job, done portion by portion, and the account of what that takes."""

from random import Random
from typing import Any

from run_ledger_ops.demo.past.catalogue import Pipeline
from run_ledger_ops.demo.past.mishaps import RATE_LIMIT, Mishap

_SKIPPED_SHARE = 0.02
_FAULTY_SHARE = (0.01, 0.08)
_LLM_ERROR_SHARE = 0.004
_LLM_ERROR_SHARE_WHEN_LIMITED = 0.08


class Work:
    """What a job has to do, has done and has used."""

    def __init__(self, pipeline: Pipeline, records_total: int, dice: Random) -> None:
        self.records_total = records_total
        self.records_left = records_total
        self.records_failed = 0
        self._pipeline = pipeline
        self._dice = dice
        self._input_tokens = self._cached_tokens = self._output_tokens = self._cost_microusd = 0

    @property
    def stage(self) -> str:
        """The stage that this much progress has come to."""
        stages = self._pipeline.stages
        done = self.records_total - self.records_left
        return stages[min(len(stages) - 1, done * len(stages) // self.records_total)]

    def do(self, records: int, *, mishap: Mishap | None, is_faulty: bool) -> dict[str, Any]:
        """Do so many records and give the fields of the event that reports them.

        These are `delta` for records and `delta_by_model` for what the model's calls took, each
        left out where there is nothing to report.

        Of a faulty portion some records fail, at least one. The mishap is what the attempt is
        going to run into: a rate limit announces itself by calls that fail.
        """
        skipped = self._about(records * self._dice.uniform(0, _SKIPPED_SHARE), records)
        failed = 0
        if is_faulty and records > skipped:
            expected = records * self._dice.uniform(*_FAULTY_SHARE)
            failed = max(1, self._about(expected, records - skipped))
        calls = self._about((records - skipped) * self._pipeline.calls_per_record)
        is_limited = mishap is RATE_LIMIT
        share = _LLM_ERROR_SHARE_WHEN_LIMITED if is_limited else _LLM_ERROR_SHARE
        llm_errors = self._about(calls * share, calls)
        self.records_left -= records
        self.records_failed += failed
        done = _without_zeros(
            records_ok=records - skipped - failed, records_failed=failed, records_skipped=skipped
        )
        used = _without_zeros(
            llm_calls=calls, llm_errors=llm_errors, **self._use_tokens(calls, calls - llm_errors)
        )
        fields: dict[str, Any] = {"delta": done} if done else {}
        if used:
            fields["delta_by_model"] = {self._pipeline.model.name: used}
        return fields

    def _use_tokens(self, calls: int, answers: int) -> dict[str, int]:
        pipeline, dice = self._pipeline, self._dice
        input_tokens = int(calls * dice.uniform(*pipeline.input_tokens))
        cached_tokens = int(input_tokens * dice.uniform(*pipeline.cached_share))
        output_tokens = int(answers * dice.uniform(*pipeline.output_tokens))
        self._input_tokens += input_tokens
        self._cached_tokens += cached_tokens
        self._output_tokens += output_tokens
        # The job's whole usage is priced each time and the difference reported, so that the sum of
        # all deltas is the price of the sum, with no rounding piled up.
        before = self._cost_microusd
        self._cost_microusd = pipeline.model.cost_microusd(
            input_tokens=self._input_tokens,
            cached_tokens=self._cached_tokens,
            output_tokens=self._output_tokens,
        )
        return {
            "input_tokens": input_tokens,
            "cache_read_input_tokens": cached_tokens,
            "output_tokens": output_tokens,
            "cost_microusd": self._cost_microusd - before,
        }

    def _about(self, expected: float, at_most: int | None = None) -> int:
        """Round at random, so that small shares of small portions come out right on average."""
        number = int(expected + self._dice.random())
        return number if at_most is None else min(number, at_most)


def _without_zeros(**counters: int) -> dict[str, int]:
    return {name: value for name, value in counters.items() if value}
