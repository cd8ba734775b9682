"""The file that declares clients is checked strictly, and no complaint repeats a value."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.store.items.client_items import ClientParameter, ClientProfile, ClientRecord
from run_ledger_ops.clients import declaration
from run_ledger_ops.clients.declaration import parse
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.local.people import CLIENT_PERSON_CLIENT_ID, DEMO_CLIENTS

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/warehouse-AbCdEf"
CANARY = "hunter2-hunter2"


def with_parameter(text: str) -> str:
    """Return a file of one client with one parameter, whose first line is line 5."""
    parameter = indent(dedent(text).strip(), " " * 8).strip()
    return f"clients:\n  - id: acme\n    name: Acme\n    parameters:\n      - {parameter}\n"


def complaints(text: str) -> str:
    """Return what is said of a file that can't be taken; it never repeats the canary."""
    with pytest.raises(OpsError) as caught:
        parse(text, "f.yaml")
    said = str(caught.value)
    assert CANARY not in said
    return said


def test_a_whole_file() -> None:
    """Everything that can be said of a client."""
    text = f"""
    clients:
      - id: acme
        name: Acme Retail
        description: Four markets
        contact: team@acme.example
        tags: {{region: eu}}
        parameters:
          - {{name: model, description: Which, value: medium}}
          - {{name: threshold, value: "0.85"}}
          - {{name: token_url, value: "https://x.example/t", not_secret: an address}}
          - {{name: key, secret: "{ARN}"}}
          - {{name: kept, secret: withheld}}
          - {{name: empty, value: ""}}
      - id: globex
        name: Globex
    """
    acme, globex = parse(dedent(text), "f.yaml")
    assert acme.profile == ClientProfile(
        "Acme Retail", "Four markets", "team@acme.example", {"region": "eu"}
    )
    assert [*acme.parameters.values()] == [
        ClientParameter("model", "Which", value="medium"),
        ClientParameter("threshold", value="0.85"),
        ClientParameter("token_url", value="https://x.example/t", not_secret="an address"),
        ClientParameter("key", secret_ref=ARN),
        ClientParameter("kept"),
        ClientParameter("empty", value=""),
    ]
    assert globex == ClientRecord("globex", ClientProfile("Globex"), {})


def test_the_demo_is_such_a_file() -> None:
    """With plain parameters and references, and the client whose person may sign in."""
    (staff, *clients) = declaration.read(DEMO_CLIENTS)
    records = {record.client_id: record for record in clients}
    assert CLIENT_PERSON_CLIENT_ID in records
    digests = {staff.digest, records[CLIENT_PERSON_CLIENT_ID].digest}
    assert {one and one.at for one in digests} == {"00:00 UTC", "12:00 UTC"}, "one is always due"
    for record in records.values():
        assert record.profile.name.endswith("(demo)")
        kinds = {parameter.is_secret for parameter in record.parameters.values()}
        assert kinds == {True, False}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("no", "true or false"),
        ("On", "true or false"),
        ("0.85", "a number"),
        ("007", "a number"),
        ("12:30", "a number"),
        ("1e3", None),
        ("2026-11-22", "a date"),
        ("~", "nothing"),
        ("", "nothing"),
        ("[a]", "a list"),
        ("{a: b}", "a mapping"),
        ("!other hunter2-hunter2", "something else"),
    ],
)
def test_what_yaml_takes_for_something_else_is_told(value: str, kind: str | None) -> None:
    """`no` is no text to YAML; quotes make it one. The line is named."""
    if kind is None:
        assert parse(with_parameter(f"name: p\nvalue: {value}"), "f.yaml")
        return
    said = complaints(with_parameter(f"name: p\nvalue: {value}"))
    assert "f.yaml:6: acme.parameters.p.value:" in said
    assert kind in said
    if value and value[0] not in "![{~":
        assert parse(with_parameter(f'name: p\nvalue: "{value}"'), "f.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("[]", "the file: allowed: names"),
        ("clients: {a: b}", "clients: allowed: a list"),
        ("clients: []", "at least one"),
        ("other: 1", "unknown key 'other'; allowed: clients"),
        ("other: 1", "clients is missing"),
        ("clients: [x]", "clients[1]: allowed: names"),
        ("clients: [{name: A}]", "clients[1]: id is missing"),
        ("clients: [{id: a}]", "clients[1]: name is missing"),
        ("clients: [{id: 'a b', name: A}]", "clients[1].id: got 'a b'; allowed: 1 to 128"),
        ("clients: [{id: 'a,b', name: A}]", "clients[1].id"),
        (f"clients: [{{id: {'a' * 129}, name: A}}]", "clients[1].id"),
        ("clients: [{id: clients, name: A}]", "keeps 'clients' for itself"),
        ("clients: [{id: profile, name: A}]", "keeps 'profile' for itself"),
        ("clients: [{id: a, name: A}, {id: a, name: B}]", "the id 'a' is there twice"),
        ("clients: [{id: a, name: ''}]", "a.name: allowed: one line"),
        ("clients: [{id: a, name: ' A'}]", "a.name: allowed: one line"),
        ("clients: [{id: a, name: 'A\n\n  B'}]", "a.name: allowed: one line"),
        (
            f"clients: [{{id: a, name: {'n' * 129}}}]",
            "a.name: 129 characters; allowed",
        ),
        ("clients: [{id: a, name: A, nmae: B}]", "unknown key 'nmae'; allowed: id, name, desc"),
        ("clients: [{id: a, name: A, name: B}]", "'name' is there twice"),
        ("clients: [{id: a, name: A, tags: [x]}]", "a.tags: allowed: names"),
        ("clients: [{id: a, name: A, tags: {x: 1}}]", "a.tags.'x': YAML reads a number"),
        ("clients: [{id: a, name: A, parameters: {}}]", "a.parameters: allowed: a list"),
        ('clients: [{id: a, name: "A\\e[2J"}]', "characters that can't be seen"),
        ('clients: [{id: a, name: "\\ud800"}]', "can't be seen"),
        ("clients: &x [{id: a, name: A}, *x]", "aliases"),
        ("clients: *hunter2-hunter2", "aliases"),
        ("clients: [\nid: {", "this YAML is not taken"),
        ('clients: "\\q hunter2-hunter2"', "this YAML is not taken"),
        ("a: 1\n---\nb: 2", "this YAML is not taken"),
        ("a: \x07hunter2-hunter2", "a character that YAML forbids"),
        ("[" * 5000, "too deeply"),
        ("- " * 5000, "too deeply"),
        ("a: &a [x, x]\nb: &b [*a, *a]", "f.yaml:2: this YAML is not taken: aliases"),
    ],
)
def test_what_is_wrong_with_the_file_is_told(text: str, expected: str) -> None:
    """By line and path, with what is allowed."""
    said = complaints(text)
    assert expected in said
    assert said.startswith(("f.yaml", "the file was not taken:\n  f.yaml:"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: p", "give either a value or a secret"),
        (f"name: p\nvalue: a\nsecret: {ARN}", "give either a value or a secret"),
        ("value: a", "name is missing"),
        ("name: 'p q'\nvalue: a", "allowed: 1 to 128"),
        ("name: p\nvalue: a\nsecert: b", "unknown key 'secert'"),
        (f"name: p\nvalue: {'v' * 8193}", "8,193 bytes; allowed: at most 8,192"),
        (f"name: p\ndescription: {'v' * 1025}\nvalue: a", "1,025 characters"),
        (f"name: p\nsecret: {CANARY}", "acme.parameters.p.secret: allowed: the ARN"),
        ("name: p\nsecret: arn:aws:s3:::bucket", "allowed: the ARN"),
        ("name: p\nsecret: arn:aws:ssm:eu-central-1:12:parameter/x", "allowed: the ARN"),
        (f"name: p\nsecret: {ARN}\nnot_secret: x", "only beside a value"),
        ("name: p\nvalue: a\nnot_secret: ''", "p.not_secret: allowed: one line"),
        (f"name: password\nvalue: {CANARY}", "looks like a secret: its name says so (password)"),
        (f"name: p\nvalue: 'x password={CANARY}'", "looks like a secret: its value has the form"),
        ("name: p\ndescription: AKIAIOSFODNN7" + "EXAMPLE\nvalue: a", "everybody may read this"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told(text: str, expected: str) -> None:
    """In particular what looks like a secret, without the secret."""
    assert expected in complaints(with_parameter(text))


def test_all_complaints_come_at_once_in_the_order_of_the_lines() -> None:
    """So that a file is mended in one go; a flood of them is cut."""
    said = complaints("clients:\n  - id: 1\n    name: 2\n  - id: 3\n    name: no\n")
    assert [line.split(":")[1] for line in said.splitlines()[1:]] == ["2", "3", "4", "5"]
    flood = complaints("clients: [" + "x, " * 100 + "]")
    assert "and 80 more" in flood


def test_two_parameters_of_a_name_and_too_many() -> None:
    """A configuration is a map of at most a hundred."""
    parameter = "      - {name: p, value: a}\n"
    assert "'p' is there twice" in complaints(with_parameter("{name: p, value: a}") + parameter)
    many = "".join(f"      - {{name: p{one}, value: a}}\n" for one in range(100))
    assert "101 of them; allowed: at most 100" in complaints(
        with_parameter("{name: p, value: a}") + many
    )


@pytest.mark.parametrize("value", ["blue", "12 pieces"])
def test_a_reason_lets_through_what_is_no_secret(value: str) -> None:
    """It is kept beside the value."""
    text = with_parameter(f"name: password_hint\nvalue: {value}\nnot_secret: a public hint")
    (record,) = parse(text, "f.yaml")
    assert record.parameters["password_hint"].not_secret == "a public hint"


@pytest.mark.parametrize(("content", "expected"), [(None, "can't be read"), (b"\xff", "no UTF-8")])
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None, expected: str) -> None:
    """A missing file and one of another kind are told in a sentence."""
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OpsError, match=expected):
        declaration.read(path)


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
LINE = TEXT.map(str.strip).filter(lambda text: bool(text) and "\n" not in text)
NAMES = st.text("abcXYZ019._:-", min_size=1, max_size=12)
PARAMETERS = st.builds(
    ClientParameter, NAMES, TEXT, value=TEXT | st.just("no\n\n 1.0\n"), not_secret=LINE
) | st.builds(ClientParameter, NAMES, TEXT, secret_ref=st.sampled_from([ARN, None]))


@given(
    st.lists(
        st.builds(
            ClientRecord,
            NAMES,
            st.builds(
                ClientProfile, LINE, TEXT, st.none() | LINE, st.dictionaries(LINE, TEXT, max_size=3)
            ),
            st.lists(PARAMETERS, max_size=3).map(lambda many: {one.name: one for one in many}),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda record: record.client_id,
    )
)
def test_what_is_written_is_read_as_it_was(records: list[ClientRecord]) -> None:
    """Any text comes back to the letter, those that YAML would take for others, too."""
    assert parse(text_of(records), "f.yaml") == records


@given(st.text(max_size=30) | st.text("clients:[]{}-&*!|>'\"%@`#,? \n\tidname", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands in the file, it is taken as it is or refused in words."""
    try:
        taken = parse(text, "f.yaml")
    except OpsError:
        return
    assert parse(text_of(taken), "f.yaml") == taken
