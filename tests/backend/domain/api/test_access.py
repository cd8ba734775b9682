"""Who may see what: nothing, unless a group or a grant says so."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.readers.reading import ISSUER, NOW, PEOPLE_CLIENTS, bearer, claims

from run_ledger.domain.api.access import EVERYTHING, Caller, ClientScope, Trust, caller, granted
from run_ledger.domain.exceptions import Forbidden, Unauthorized

TRUST = Trust(ISSUER, frozenset(PEOPLE_CLIENTS))
NOW_SECONDS = NOW // 1_000_000


def asked(**more: Any) -> Caller:
    """Return who asks with the claims of a good token and *more*."""
    return caller(claims(**more), TRUST, NOW, bearer(claims(**more)))


def scope_of(groups: Any, listed: object = None) -> frozenset[str] | None:
    """Return the clients that a user of these groups sees, whose token has them *listed*."""
    said = claims(username="u", **{"cognito:groups": groups})
    token = bearer({**said, "cognito:groups": listed})
    scope = caller(said, TRUST, NOW, token).scope
    assert scope is not None
    return scope.clients


@pytest.mark.parametrize(
    ("groups", "listed", "clients"),
    [
        ("staff", None, None),
        ("client-a,staff", ["client-a", "staff"], None),
        ("[client-a staff]", ["client-a", "staff"], None),
        ("[staff]", ["staff"], None),
        (["staff"], None, None),
        ("client-a", None, {"a"}),
        ("client-a,client-b.c", ["client-a", "client-b.c"], {"a", "b.c"}),
        ("[client-a client-b]", ["client-a", "client-b"], {"a", "b"}),
        ("client-a, client-b", ["client-a", "client-b"], {"a", "b"}),
        ("client-a,x,staff", ["client-a", "x,staff"], {"a"}),
        (["client-a", "other"], None, {"a"}),
        ("client-staff", None, {"staff"}),
        ("client-client-a", None, {"client-a"}),
    ],
)
def test_groups_say_what_a_user_sees(groups: Any, listed: object, clients: set[str] | None) -> None:
    """In each form that a gateway gives a list of groups."""
    assert scope_of(groups, listed) == clients


@pytest.mark.parametrize(
    ("groups", "listed"),
    [
        ("x,staff", ["x,staff"]),
        ("[staff]", ["[staff]"]),
        ("staff,client-a", ["staff,client-a"]),
        ("x staff", ["x staff"]),
        ("x,client-a", ["x,client-a"]),
        ("x,staff", ["staff"]),
        ("x,staff", None),
        ("x,staff", {"x": "staff"}),
        ("x,7,staff", ["x", 7, "staff"]),
        ("staff\n", ["x"]),
    ],
)
def test_no_groups_name_hides_another(groups: str, listed: object) -> None:
    """A text of groups is what the token's own list makes of it, or nothing."""
    with pytest.raises(Forbidden):
        scope_of(groups, listed)


@pytest.mark.parametrize(
    "token", ["", "Bearer ", "x", "a.b.c", "a.W10.c", "a.eyJ9.c", "\u20ac.\u20ac"]
)
def test_without_the_tokens_list_several_groups_are_none(token: str) -> None:
    """Whatever stands in the token's place; a single group needs no list."""
    several = claims(username="u", **{"cognito:groups": "client-a,staff"})
    with pytest.raises(Forbidden, match="can't be told apart"):
        caller(several, TRUST, NOW, token)
    assert caller({**several, "cognito:groups": "staff"}, TRUST, NOW, token).kind == "staff"


def test_the_list_of_another_persons_token_is_not_taken() -> None:
    """The header's token and the authorizer's claims are of one subject."""
    said = claims(username="u", **{"cognito:groups": "client-a,staff"})
    with pytest.raises(Forbidden):
        caller(said, TRUST, NOW, bearer({**said, "sub": "s-2"}))


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
        ({"iss": None}, Unauthorized),
        ({"iss": ""}, Unauthorized),
        ({"iss": ISSUER + "2"}, Unauthorized),
        ({"iss": ISSUER.upper()}, Unauthorized),
        ({"client_id": "machine-app"}, Unauthorized),
        ({"client_id": ",".join(PEOPLE_CLIENTS)}, Unauthorized),
        ({"client_id": ["site-app"]}, Unauthorized),
        ({"username": ["u"]}, Unauthorized),
        ({"username": None}, Unauthorized),
        ({"username": ""}, Unauthorized),
        ({"exp": None}, Unauthorized),
        ({"exp": ""}, Unauthorized),
        ({"exp": "never"}, Unauthorized),
        ({"exp": True}, Unauthorized),
        ({"exp": 3e9}, Unauthorized),
        ({"exp": "9" * 12}, Unauthorized),
        ({"exp": NOW_SECONDS - 60}, Unauthorized),
        ({"exp": str(NOW_SECONDS - 60)}, Unauthorized),
        ({"exp": "Sun Nov 22 14:59:00 UTC 2026"}, Unauthorized),
        ({"exp": "Sun Nov 22 15:59:00 CET 2026"}, Unauthorized),
        ({"exp": "Sun Nvo 22 15:59:00 UTC 2026"}, Unauthorized),
        ({"exp": "Mon Nov 31 15:59:00 UTC 2026"}, Unauthorized),
        ({"exp": "Sun Nov 22 15:59:00 UTC 2026\n"}, Unauthorized),
        ({"exp": "2026-11-22T15:59:00Z"}, Unauthorized),
        ({"iat": NOW_SECONDS + 61}, Unauthorized),
        ({"iat": "soon"}, Unauthorized),
        ({"iat": None}, Unauthorized),
        ({"nbf": "Sun Nov 22 15:02:00 UTC 2026"}, Unauthorized),
    ],
)
def test_the_wrong_token_gets_nowhere(wrong: dict[str, Any], error: type[Exception]) -> None:
    """Even for staff, and even if the gateway let it through."""
    with pytest.raises(error):
        asked(**{"username": "u", "cognito:groups": "staff", **wrong})


def test_no_claims_and_no_trust_let_nobody_in() -> None:
    """Nor does a reader that was not told whom to trust."""
    with pytest.raises(Unauthorized):
        caller({}, TRUST, NOW)
    for trust in (Trust("", TRUST.people_clients), Trust(ISSUER, frozenset())):
        with pytest.raises(Unauthorized):
            caller(claims(username="u", **{"cognito:groups": "staff"}), trust, NOW)
    with pytest.raises(Unauthorized):
        caller({**claims(), "iss": ""}, Trust("", frozenset()), NOW)


@pytest.mark.parametrize(
    "times",
    [
        {"exp": NOW_SECONDS + 1},
        {"exp": str(NOW_SECONDS + 1)},
        {"exp": NOW_SECONDS - 59},
        {"exp": "Sun Nov 22 15:00:01 UTC 2026"},
        {"exp": "Sun Nov 22 15:00:01 GMT 2026"},
        {"exp": "Tue Dec  1 00:00:00 UTC 2026"},
        {"iat": NOW_SECONDS + 59},
        {"iat": str(NOW_SECONDS), "nbf": NOW_SECONDS},
        {"iat": "Sun Nov 22 15:00:00 UTC 2026"},
    ],
)
def test_times_are_understood_in_each_form(times: dict[str, Any]) -> None:
    """Gateways give seconds, as a number or as text, or a date; clocks may differ by a minute."""
    assert asked(username="u", **{"cognito:groups": "staff", **times}).kind == "staff"


def test_a_token_without_a_user_must_be_an_applications_own() -> None:
    """One whose subject is somebody else is of no kind that is known."""
    with pytest.raises(Unauthorized):
        asked(sub="s-1")


def test_a_machine_has_no_scope_before_its_grant_is_read() -> None:
    """A token without a user name is a machine's, and no group of its counts."""
    machine = asked(**{"cognito:groups": "staff"})

    assert (machine.kind, machine.app_client_id, machine.scope) == ("machine", "app-1", None)


def test_a_grant_says_what_a_machine_sees() -> None:
    """All, or the clients that it names."""
    assert granted({"staff": True}) == EVERYTHING
    assert granted({"clients": ["a", "b"]}) == ClientScope(frozenset({"a", "b"}))


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
    mine = ClientScope(frozenset({"a", "b"}))

    assert mine.narrowed("a").clients == {"a"}
    assert mine.narrowed("c").clients == set()
    assert mine.narrowed(None) == mine
    assert EVERYTHING.narrowed("c").clients == {"c"}
    assert not mine.allows("c")
    assert EVERYTHING.allows("c")


def test_cursors_are_bound_to_what_is_seen() -> None:
    """Callers who see the same share cursors; others don't."""

    def binding(**more: Any) -> list[str]:
        return asked(**more).binding

    staff = binding(username="u", **{"cognito:groups": "staff"})
    ab = binding(username="u", **{"cognito:groups": "client-a,client-b"})
    ba = binding(username="v", **{"cognito:groups": "client-b,client-a"})
    machines = [binding(), binding(client_id="app-2")]

    assert ab == ba
    assert len({tuple(one) for one in (staff, ab, *machines)}) == 4
