"""The contract's ``error``: what an exception or a text says, with secrets blanked.

An exception tells its cause, too. Of ``raise EnrichError("record 7") from error`` the type is
EnrichError and the message ends in ``(caused by ConnectionResetError: …)``. A group of exceptions
in which one failure is, and a retry that a task asks for, are told as that failure.

A message longer than the contract allows is cut in its middle. Its fingerprint is made before, of
the whole message, so that two failures which differ only in what is cut stay two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from run_ledger.domain.contract.fingerprints import fingerprint as make_fingerprint
from run_ledger.emit.counting.redaction import redacted

Failure = TypeVar("Failure")

MAX_TEXT = 1024  # characters
_MAX_FINGERPRINT = 128
_CUT = " … "
_HEAD = 700  # characters of a message that is too long; what it ends in is the rest
_NO_TEXT = "(an error whose text can't be had)"
_MOST_TOLD = 5  # members of a group
_MOST_LEAVES = 200  # of a group, that are compared
_MOST_LINKS = 50  # of a chain of causes
_SHORT = 500  # characters of a cause or a member of a group


def error_document(
    error: object, error_type: object = None, *, fingerprint: object = None
) -> dict[str, str]:
    """Return the contract's ``error`` for an exception or a text.

    For example ``{"type": "KeyError", "message": "'sku'"}``. *error_type* replaces the type,
    *fingerprint* what would be made of type and message.
    """
    if not isinstance(error, BaseException):
        return error_members(error_type or "Error", error, fingerprint)
    failure = _failure_of(error)
    message = _message_of(failure)
    cause = _root_cause(failure)
    if cause is not None:
        told = _told(cause)
        if _message_of(cause) not in message or not _message_of(cause):
            message = f"{message} (caused by {told})".strip()
    return error_members(error_type or _type_of(failure), message, fingerprint)


def error_members(
    error_type: object, message: object, fingerprint: object = None
) -> dict[str, str]:
    """Return the contract's ``error`` of texts of any length; it goes through unchanged."""
    kind = _well_formed(error_type)
    kind = kind if len(kind) <= MAX_TEXT else kind[: MAX_TEXT - 1] + "…"
    whole = redacted(_well_formed(message))
    members = {"type": kind, "message": whole}
    if fingerprint:
        members["fingerprint"] = _well_formed(fingerprint)[:_MAX_FINGERPRINT]
    if len(whole) > MAX_TEXT:
        members["message"] = f"{whole[:_HEAD]}{_CUT}{whole[_HEAD + len(_CUT) - MAX_TEXT :]}"
        members.setdefault("fingerprint", make_fingerprint(kind, whole))
    return members


def _failure_of(error: BaseException) -> BaseException:
    """Return the one failure that *error* stands for: a group's only one, a retry's reason."""
    for _ in range(_MOST_LINKS):
        inner: object = None
        if isinstance(error, BaseExceptionGroup):
            kinds = one_of_each_kind(_leaves(error), _told)
            inner = kinds[0] if len(kinds) == 1 else None
        elif type(error).__name__ == "Retry":  # Celery's; its reason may be a text
            inner = getattr(error, "exc", None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


def one_of_each_kind(failures: Iterable[Failure], told: Callable[[Failure], str]) -> list[Failure]:
    """Return a failure of each kind, in one order, in whichever they came.

    *told* returns a failure on one line, as ``ValueError: no price``.
    """
    distinct = {told(one): one for one in failures}
    kinds: dict[str, Failure] = {}
    for text in sorted(distinct)[:_MOST_LEAVES]:
        kinds.setdefault(make_fingerprint("", text), distinct[text])
    return list(kinds.values())


def _leaves(group: BaseExceptionGroup[BaseException], depth: int = 0) -> Iterator[BaseException]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup) and depth < _MOST_LINKS:
            yield from _leaves(one, depth + 1)
        else:
            yield one


def _root_cause(error: BaseException) -> BaseException | None:
    """Return what *error* was raised from, and that from, to the first of all."""
    seen = {id(error)}
    cause = error.__cause__
    root = None
    # Pools of processes pass a trace on as a cause: it is the failure's own.
    while cause is not None and id(cause) not in seen and len(seen) < _MOST_LINKS:
        if type(cause).__name__.endswith("RemoteTraceback"):
            break
        seen.add(id(cause))
        root, cause = cause, cause.__cause__
    return None if root is None else _failure_of(root)


def _message_of(error: BaseException) -> str:
    message = _text_of(error)
    if _wrapped_type(error):
        first = next(iter(getattr(error, "exc_args", ())), None)
        return first if isinstance(first, str) else message
    if not isinstance(error, BaseExceptionGroup):
        return message
    told = list(map(_told, one_of_each_kind(_leaves(error), _told)))
    more = [f"and {len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    return "; ".join([message, *told[:_MOST_TOLD], *more])


def _told(error: BaseException) -> str:
    """Return an exception on one line, as ``ValueError: no price``."""
    first = _message_of(error).strip().split("\n", 1)[0][:_SHORT]
    return f"{_type_of(error)}: {first}" if first else _type_of(error)


def _type_of(error: BaseException) -> str:
    kind = type(error)
    if wrapped := _wrapped_type(error):
        return wrapped
    return _full_name(kind.__module__, kind.__qualname__)


def _wrapped_type(error: BaseException) -> str:
    """Return the type of what can't be pickled, for which Celery keeps a wrapper; "" for others."""
    if type(error).__name__ != "UnpickleableExceptionWrapper":
        return ""
    return _full_name(getattr(error, "exc_module", ""), getattr(error, "exc_cls_name", "Exception"))


def _full_name(module: str, name: str) -> str:
    return name if module in {"", "builtins", "__main__"} else f"{module}.{name}"


def _text_of(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a pipeline's exception may be broken in any way
        return _NO_TEXT


def _well_formed(value: object) -> str:
    return _text_of(value).encode("utf-8", "replace").decode()
