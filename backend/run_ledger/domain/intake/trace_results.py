"""The answers about spans, in the form of OTLP's JSON."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class PartialSuccessDocument(Struct, frozen=True, rename="camel"):
    """How many spans were not taken, as a text of digits, and why."""

    rejected_spans: str
    error_message: str


class ExportTraceDocument(Struct, frozen=True, rename="camel", omit_defaults=True):
    """What became of the spans of a request; without a member if all were taken."""

    partial_success: PartialSuccessDocument | UnsetType = UNSET


class StatusDocument(Struct, frozen=True):
    """Why a request was refused, for people."""

    message: str
