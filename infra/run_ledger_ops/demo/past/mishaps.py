"""The errors that simulated jobs run into, worded as such systems word them."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

_FIELDS = ("category_code", "country", "tax_id", "unit_price", "issued_on", "legal_form")
# A supplier of data changes its form now and then, each time in another field.
_NEW_FIELDS = (
    *("eco_label", "origin_region", "lead_time", "batch_size", "shelf_life", "hazard_class"),
    *("packaging", "warranty", "dimensions", "net_weight", "currency", "vat_rate", "incoterm"),
    *("language", "colour", "season"),
)
_DAYS_OF_A_FORM = 2
_HOSTS = ("registry.example", "tariffs.example", "embeddings.example", "archive.example")


@dataclass(frozen=True, slots=True)
class Mishap:
    """A type of error; one that `passes` is gone at the next attempt."""

    type: str
    passes: bool
    wordings: tuple[str, ...]

    def error(self, dice: Random, records_total: int, at: datetime) -> dict[str, str]:
        """Word an error of this type as it comes up on the day of *at*, with figures of its own."""
        wording = dice.choice(self.wordings)
        form = at.toordinal() // _DAYS_OF_A_FORM
        message = wording.format(
            row=dice.randrange(1, max(2, records_total)),
            seconds=dice.choice((20, 30, 45, 60)),
            tries=dice.randrange(3, 7),
            field=dice.choice(_FIELDS),
            host=dice.choice(_HOSTS),
            tokens=dice.randrange(205_000, 390_000),
            columns=dice.randrange(11, 17),
            new_field=_NEW_FIELDS[form % len(_NEW_FIELDS)],
        )
        return {"type": self.type, "message": message}


RATE_LIMIT = Mishap(
    "RateLimitExceeded",
    passes=True,
    wordings=(
        "429 Too Many Requests: tokens per minute used up, gave up after {tries} tries",
        "429 Too Many Requests: retry after {seconds} s, gave up after {tries} tries",
    ),
)
UPSTREAM_TIMEOUT = Mishap(
    "UpstreamTimeout",
    passes=True,
    wordings=(
        "GET https://{host}/v1/lookup: no answer within {seconds} s ({tries} tries)",
        "POST https://{host}/v1/batch: connection closed after {seconds} s",
    ),
)
WORKER_LOST = Mishap(
    "WorkerLost",
    passes=True,
    wordings=("the worker was reclaimed by its host at record {row}",),
)
SCHEMA_VIOLATION = Mishap(
    "SchemaViolation",
    passes=False,
    wordings=(
        "record {row}: answer has no field '{field}'",
        "record {row}: field '{field}' is not one of the allowed values",
        "record {row}: field '{new_field}' is not in the schema",
    ),
)
BAD_INPUT_ROW = Mishap(
    "BadInputRow",
    passes=False,
    wordings=(
        "row {row}: expected 17 columns, found {columns}",
        "row {row}: column '{field}' is not valid UTF-8",
    ),
)
CONTEXT_TOO_LONG = Mishap(
    "ContextTooLong",
    passes=False,
    wordings=("document {row} has {tokens} tokens, the model takes 200000",),
)
EVERYWHERE = (RATE_LIMIT, UPSTREAM_TIMEOUT, WORKER_LOST, SCHEMA_VIOLATION)


def no_sign_of_life(minutes: int) -> dict[str, str]:
    """Word the error of an attempt that fell silent."""
    message = f"no sign of life for {minutes} minutes, given up by the scheduler"
    return {"type": "NoSignOfLife", "message": message}


def shards_failed(bad: int, shards: int) -> dict[str, str]:
    """Word the error of a job whose shards did not all succeed."""
    return {"type": "ShardsFailed", "message": f"{bad} of {shards} shards did not succeed"}
