"""The writer leaves the reader some of the functions that Lambda runs at once in an account.

GetAccountSettings says how many: "New AWS accounts have reduced concurrency and memory quotas" in
"Lambda quotas" of the Lambda developer guide. MaximumConcurrency takes 2 to 1,000.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.stacks.accounts import READ, planned, stubbed

from run_ledger_ops.account_checks import concurrency
from run_ledger_ops.deploying import template as templates

_SOURCE = READ.resources["WriterFunction"]["Properties"]["Events"]["Updates"]["Properties"]


def with_writers(written: str) -> templates.Template:
    """Return the template with this number of writers, or with a parameter of that name for it."""
    source = {**_SOURCE, "ScalingConfig": {"MaximumConcurrency": written}}
    writer = {
        **READ.resources["WriterFunction"]["Properties"],
        "Events": {"U": {"Properties": source}},
    }
    resources = {**READ.resources, "WriterFunction": {"Type": "x", "Properties": writer}}
    number = templates.TemplateParameter("Writers", "", "8", (), None, 2, 1_000, None)
    return replace(READ, resources=resources, parameters={**READ.parameters, "Writers": number})


def look(limit: int, written: str = "Writers", **values: str) -> Any:
    """Look at an account where *limit* functions without a reservation may run at once."""
    client, stub = stubbed("lambda")
    of_account = {"UnreservedConcurrentExecutions": limit, "ConcurrentExecutions": limit}
    stub.add_response("get_account_settings", {"AccountLimit": of_account})
    return concurrency.look(client, planned(values=values, template=with_writers(written)))


@pytest.mark.parametrize(("limit", "writers"), [(10, "5"), (12, "7"), (6, "2")])
def test_new_account_gets_fewer_writers(limit: int, writers: str) -> None:
    """So many that the sweeper and four requests have room; the notice says how to have more."""
    found = look(limit)
    assert found.chosen == {"Writers": writers}
    (notice,) = found.notices
    assert not notice.blocks
    assert f"at most {writers} writers run (Writers), not 8" in notice.text
    assert "--quota-code L-B99A9384" in notice.text


def test_usual_account_gets_the_usual_writers() -> None:
    """Nothing is chosen and nothing said."""
    assert look(1_000) == concurrency.Looked()
    assert look(13) == concurrency.Looked()


def test_somebodys_choice_is_not_changed() -> None:
    """One that leaves the reader few is told, with what would fit; one that leaves none ends it."""
    (tight,) = look(10, Writers="8").notices
    (starving,) = look(10, Writers="9").notices
    assert (tight.blocks, starving.blocks) == (False, True)
    assert "would leave 1 to the reader" in tight.text
    assert "Say Writers=5." in starving.text


def test_number_in_the_template_is_understood() -> None:
    """Where the template has a plain number, there is nothing to choose."""
    found = look(10, "8")
    assert (found.chosen, len(found.notices)) == ({}, 1)


def test_template_says_how_many_writers_run() -> None:
    """As the number or the parameter that the product's own template has."""
    client, stub = stubbed("lambda")
    stub.add_response(
        "get_account_settings", {"AccountLimit": {"UnreservedConcurrentExecutions": 1_000}}
    )
    assert concurrency.look(client, planned()) == concurrency.Looked()
