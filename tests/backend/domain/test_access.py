"""Who may see what: nothing, unless a group or a grant says so."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.reading import claims

from run_ledger.domain.access import EVERYTHING, Scope, caller, granted
from run_ledger.domain.errors import Forbidden, Unauthorized


def scope_of(groups: Any) -> frozenset[str] | None:
    """Return the clients that a user of these groups sees."""
    scope = caller(claims(username="u", **{"cognito:groups": groups})).scope
    assert scope is not None
    return scope.clients


@pytest.mark.parametrize(
    ("groups", "clients"),
    [
        ("staff", None),
        ("client-a,staff", None),
        ("[client-a staff]", None),
        (["staff"], None),
        ("client-a", {"a"}),
        ("client-a,client-b.c", {"a", "b.c"}),
        ("[client-a client-b]", {"a", "b"}),
        ("client-a, client-b", {"a", "b"}),
        (["client-a", "other"], {"a"}),
        ("client-staff", {"staff"}),
        ("client-client-a", {"client-a"}),
    ],
)
def test_groups_say_what_a_user_sees(groups: Any, clients: set[str] | None) -> None:
    """In each form that a gateway gives a list of groups."""
    assert scope_of(groups) == clients


@pytest.mark.parametrize(
    "groups",
    [
        None,
        "",
        "[]",
        [],
        "Staff",
        "staff2",
        "not-staff",
        "clients-a",
        "client-",
        "client-a#b",
        "client-" + "x" * 129,
        ["staff,client-a"],
        ["client-a b"],
        {"staff": True},
        7,
    ],
)
def test_any_other_group_gives_nothing(groups: Any) -> None:
    """Whole names count, exactly as they are."""
    with pytest.raises(Forbidden):
        scope_of(groups)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"token_use": "id"}, Unauthorized),
        ({"token_use": None}, Unauthorized),
        ({"client_id": None}, Unauthorized),
        ({"client_id": ""}, Unauthorized),
        ({"scope": "openid"}, Forbidden),
        ({"scope": "run-ledger/read-not"}, Forbidden),
        ({"scope": "xrun-ledger/read"}, Forbidden),
        ({"scope": None}, Forbidden),
        ({"scope": ["run-ledger/read"]}, Forbidden),
    ],
)
def test_the_wrong_token_gets_nowhere(wrong: dict[str, Any], error: type[Exception]) -> None:
    """Even for staff, and even if the gateway let it through."""
    with pytest.raises(error):
        caller(claims(username="u", **{"cognito:groups": "staff", **wrong}))
    with pytest.raises(Unauthorized):
        caller({})


def test_a_machine_has_no_scope_before_its_grant_is_read() -> None:
    """A token without a user name is a machine's, and no group of its counts."""
    machine = caller(claims(**{"cognito:groups": "staff"}))

    assert (machine.kind, machine.app_client_id, machine.scope) == ("machine", "app-1", None)


def test_a_grant_says_what_a_machine_sees() -> None:
    """All, or the clients that it names."""
    assert granted({"staff": True}) == EVERYTHING
    assert granted({"clients": ["a", "b"]}) == Scope(frozenset({"a", "b"}))


@pytest.mark.parametrize(
    "grant",
    [
        None,
        {},
        {"staff": False},
        {"staff": "true"},
        {"staff": 1},
        {"clients": []},
        {"clients": "a"},
        {"clients": ["a b", 7, ""]},
        {"clients": None},
    ],
)
def test_an_empty_or_odd_grant_gives_nothing(grant: Any) -> None:
    """A slip of the hand in the table opens nothing."""
    with pytest.raises(Forbidden):
        granted(grant)


def test_a_filter_never_widens_a_scope() -> None:
    """Asking for a client that one may not see leaves nothing to see."""
    mine = Scope(frozenset({"a", "b"}))

    assert mine.narrowed("a").clients == {"a"}
    assert mine.narrowed("c").clients == set()
    assert mine.narrowed(None) == mine
    assert EVERYTHING.narrowed("c").clients == {"c"}
    assert not mine.allows("c")
    assert EVERYTHING.allows("c")


def test_cursors_are_bound_to_what_is_seen() -> None:
    """Callers who see the same share cursors; others don't."""

    def binding(**more: Any) -> list[str]:
        return caller(claims(**more)).binding

    staff = binding(username="u", **{"cognito:groups": "staff"})
    ab = binding(username="u", **{"cognito:groups": "client-a,client-b"})
    ba = binding(username="v", **{"cognito:groups": "client-b,client-a"})
    machines = [binding(), binding(client_id="app-2")]

    assert ab == ba
    assert len({tuple(one) for one in (staff, ab, *machines)}) == 4
