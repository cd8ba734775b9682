"""The question of how far the ledger is proved: recounted from its entries."""

from __future__ import annotations

from msgspec import Struct

from .about_jobs import Id
from .asking import Asking, Json


class IsItProved(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose jobs: of one client, or of all that the caller may see."""

    client_id: Id | None = None


def is_it_proved(asking: Asking, given: IsItProved) -> Json:
    """Return until when jobs and totals were recounted from the entries, and what differs."""
    found = asking.ask("/proof", {"client_id": given.client_id})
    return {
        "proved_to": found["proved_to"],
        "older_proved_to": found["older_proved_to"],
        "totals_proved_to": found["rows_proved_to"],
        "since": found["since"],
        "recounted_at": found["judged_at"],
        "recounts": found["judged"],
        "not_recounted": found["not_judged"],
        "recounts_of_totals": found["rows_judged"],
        "differences": found["differences"],
        "differing_jobs": [
            {
                "job_id": one["id"],
                "client_id": one["client_id"],
                "found_at": one["found_at"],
                "differences": one["differences"],
                "link": asking.job_link(one["id"]),
            }
            for one in found["differing"]
            if one["kind"] == "job"
        ],
        "differing_totals_and_projects": [
            {name: one[name] for name in ("kind", "id", "client_id", "found_at", "differences")}
            for one in found["differing"]
            if one["kind"] != "job"
        ],
    }
