"""The writer leaves the reader some of the functions that Lambda runs at once in an account.

GetAccountSettings says how many: "New AWS accounts have reduced concurrency and memory quotas" in
"Lambda quotas" of the Lambda developer guide. MaximumConcurrency takes 2 to 1,000.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.stacks.accounts import READ, planned, stubbed
from tests.support.stacks.templates import source

from run_ledger_ops.account_checks import concurrency


def look(limit: int, **values: str) -> Any:
    """Look at an account where *limit* functions without a reservation may run at once."""
    client, stub = stubbed("lambda")
    of_account = {"UnreservedConcurrentExecutions": limit, "ConcurrentExecutions": limit}
    stub.add_response("get_account_settings", {"AccountLimit": of_account})
    return concurrency.look(client, planned(values=values))


@pytest.mark.parametrize(("limit", "writers"), [(10, "4"), (12, "4"), (9, "4"), (6, "2")])
def test_new_account_gets_fewer_writers(limit: int, writers: str) -> None:
    """So many that the sweeper and four requests have room; the notice says how to have more."""
    found = look(limit)
    assert found.chosen == {"WriterConcurrency": writers}
    READ.check(found.chosen)
    (notice,) = found.notices
    assert not notice.blocks
    assert f"at most {writers} writers run (WriterConcurrency), not 8" in notice.text
    assert "--quota-code L-B99A9384" in notice.text


def test_usual_account_gets_the_usual_writers() -> None:
    """Nothing is chosen and nothing said."""
    assert look(1_000) == concurrency.Looked()
    assert look(13) == concurrency.Looked()


def test_somebodys_choice_is_not_changed() -> None:
    """One that leaves the reader few is told, with what would fit; one that leaves none ends it."""
    (tight,) = look(10, WriterConcurrency="8").notices
    (starving,) = look(10, WriterConcurrency="16").notices
    assert (tight.blocks, starving.blocks) == (False, True)
    assert "would leave 1 to the reader" in tight.text
    assert "Say WriterConcurrency=4." in starving.text


def test_even_the_fewest_writers_can_be_too_many() -> None:
    """Then there is nothing to choose, and only AWS can help."""
    found = look(3, WriterConcurrency="2")
    (notice,) = found.notices
    assert (found.chosen, notice.blocks) == ({}, True)
    assert "Say WriterConcurrency" not in notice.text


def test_parameter_is_what_the_event_source_goes_by() -> None:
    """The writer's event source has its MaximumConcurrency from the parameter that is chosen."""
    (events,) = source()["Resources"]["WriterFunction"]["Properties"]["Events"].values()
    assert concurrency.WRITERS in str(events["Properties"]["ScalingConfig"]["MaximumConcurrency"])
