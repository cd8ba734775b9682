"""The part `aws_jobs` of the clients' file: checked, kept, shown, and the same after an export."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables

from run_ledger.domain.aws_jobs.job_rules import AwsJobRule
from run_ledger.store.clients.aws_job_rules import read_rules
from run_ledger_ops.clients.changes import change_to, client_records, lines, removal
from run_ledger_ops.clients.declaration import parse, read
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console.exceptions import OpsError

WHOLE = """
- state_machine: orders-*
  project: catalogue
  pipeline: orders
  counters: {rows_read: $.summary.ok, cost_microusd: "$['cost'][0]"}
  map_runs: yes
- ecs_family: arn:aws:ecs:eu-central-1:123456789012:task-definition/etl
  project: etl
  container: worker
- {batch_queue: nightly, project: etl}
- {batch_definition: nightly, project: etl}
- {glue_job: orders-*, project: etl}
- {ecs_group: "service:orders", project: etl}
- {bedrock_job: describe-*, project: etl}
"""


def file_of(rules: str, *more: str) -> str:
    """Return a file with these rules of acme, and those of further clients."""
    text = "clients:\n"
    for number, one in enumerate((rules, *more)):
        client = ("acme", "globex", "initech")[number]
        text += (
            f"  - id: {client}\n    name: {client}\n    aws_jobs:\n{indent(one.strip(), ' ' * 6)}\n"
        )
    return text


def complaint(text: str) -> str:
    """Return what is said of a file that can't be taken, in no more than a few lines."""
    with pytest.raises(OpsError) as caught:
        parse(text, "f.yaml")
    said = str(caught.value)
    assert all(len(line) <= 400 for line in said.splitlines())
    return said


def test_a_whole_part() -> None:
    """Everything that can be said of a rule."""
    (acme,) = parse(file_of(WHOLE), "f.yaml")
    first, second, *rest = acme.aws_jobs
    assert first == AwsJobRule(
        selector="state_machine",
        pattern="orders-*",
        project="catalogue",
        pipeline="orders",
        counters={"rows_read": "$.summary.ok", "cost_microusd": "$['cost'][0]"},
        map_runs=True,
    )
    assert (second.container, second.map_runs) == ("worker", False)
    assert [one.selector for one in rest] == [
        *("batch_queue", "batch_definition", "glue_job", "ecs_group", "bedrock_job")
    ]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("- project: p", "acme.aws_jobs[1]: give one of state_machine, batch_queue,"),
        ("- {state_machine: a, glue_job: b, project: p}", "and only one"),
        ("- {state_machine: a}", "acme.aws_jobs[1]: project is missing"),
        ("- {state_machine: a, project: no}", "YAML reads true or false here"),
        (
            "- {state_machine: a, project: a b}",
            "acme.aws_jobs[1].project: got 'a b'; allowed: 1 to",
        ),
        ("- {state_machine: a, project: p, pipeline: ü}", "acme.aws_jobs[1].pipeline: got"),
        ("- {state_machine: '*', project: p}", "and which is more than *"),
        ("- {state_machine: a b, project: p}", "acme.aws_jobs[1].state_machine: allowed: a name"),
        (f"- {{state_machine: {'a' * 300}, project: p}}", "1 to 256 visible ASCII characters"),
        ("- {glue_job: a, project: p, counters: {records_ok: $.a}}", "only beside state_machine"),
        ("- {glue_job: a, project: p, map_runs: yes}", "map_runs: only beside state_machine"),
        ("- {glue_job: a, project: p, container: c}", "only beside ecs_family or ecs_group"),
        ("- {ecs_family: a, project: p, container: 'a b'}", "container: allowed: 1 to 255"),
        ("- {state_machine: a, project: p, map_runs: maybe}", "map_runs: allowed: yes or no"),
        ("- {state_machine: a, project: p, map_runs: []}", "map_runs: allowed: yes or no"),
        ("- {state_machine: a, project: p, counters: {Rows: $.a}}", "a small letter, then at most"),
        (
            "- {state_machine: a, project: p, counters: {rows: a.b}}",
            "acme.aws_jobs[1].counters.rows: allowed: $ and then .NAME",
        ),
        (
            "- {state_machine: a, project: p, map_runs: yes, counters: {records_ok: $.a}}",
            "counters.records_ok: map_runs counts it, too; allowed: one of the two",
        ),
        ("- {state_machine: a, project: p, counters: [x]}", "acme.aws_jobs[1].counters: allowed:"),
        ("- {state_machine: a, project: p, clint: x}", "unknown key 'clint'"),
        ("- {state_machine: a, project: p}\n- {state_machine: a, project: q}", "is there twice"),
        ("- x", "acme.aws_jobs[1]: allowed: names with"),
        ("state_machine: a", "acme.aws_jobs: allowed: a list"),
        (
            "\n".join(f"- {{state_machine: m{n}, project: p}}" for n in range(101)),
            "acme.aws_jobs: 101 of them; allowed: at most 100",
        ),
        (
            "- state_machine: a\n  project: p\n  counters:\n"
            + "\n".join(f"    c{n}: $.a" for n in range(25)),
            "25 of them; allowed: at most 24",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(rule: str, said: str) -> None:
    """Which rule, which key, what is allowed."""
    assert said in complaint(file_of(rule))


def test_a_pattern_is_of_one_client() -> None:
    """Two could not both have the job."""
    one = "- {state_machine: orders, project: p}"
    assert "globex.aws_jobs: state_machine 'orders' is declared for acme, too" in complaint(
        file_of(one, one)
    )


def test_an_export_is_the_file_again() -> None:
    """And names nothing that was not said."""
    records = parse(file_of(WHOLE, "- {glue_job: x, project: p}"), "f.yaml")
    text = text_of(records)
    assert parse(text, "f.yaml") == records
    assert "pipeline: null" not in text


def test_rules_are_written_with_their_client_and_go_with_it() -> None:
    """In one transaction each; another order is a change, too."""
    with empty_tables() as dynamodb:
        records = client_records(dynamodb, NAMES.clients)

        def apply(text: str) -> list[str]:
            (wanted,) = parse(text, "f.yaml")
            change = change_to(records.read("acme"), wanted)
            assert records.write(change.stored, change.wanted)
            return list(lines(change))

        said = apply(file_of(WHOLE))
        assert "    + aws_jobs glue_job orders-*: project etl" in said
        assert (
            "    + aws_jobs state_machine orders-*: project catalogue; pipeline orders; "
            "map_runs True; rows_read from $.summary.ok; cost_microusd from $['cost'][0]"
        ) in said
        assert [one.client_id for one in read_rules(dynamodb, NAMES.clients)] == ["acme"] * 7
        assert apply(file_of(WHOLE)) == ["  acme: no change"]
        two = ["- {glue_job: a, project: p}", "- {glue_job: b, project: p}"]
        said = apply(file_of("\n".join(two)))
        assert "    - aws_jobs state_machine orders-*" in said
        assert apply(file_of("\n".join(reversed(two)))) == [
            "~ acme",
            "    ~ aws_jobs: another order",
        ]
        found = [one.rule.pattern for one in read_rules(dynamodb, NAMES.clients)]
        assert found == ["b", "a"]
        assert apply("clients: [{id: acme, name: acme}]")[0] == "~ acme"
        assert read_rules(dynamodb, NAMES.clients) == []
        apply(file_of(WHOLE))
        change = removal(records.read("acme"))
        assert len(change.aws_jobs) == 7
        assert records.write(change.stored, change.wanted)
        assert read_rules(dynamodb, NAMES.clients) == []


def test_a_client_with_rules_and_many_parameters_fits_into_transactions() -> None:
    """DynamoDB takes a hundred actions in one: profile, directory and rules are three of them."""
    with empty_tables() as dynamodb:
        records = client_records(dynamodb, NAMES.clients)
        parameters = "\n".join(f"- {{name: p{n}, value: x}}" for n in range(100))
        text = file_of("- {glue_job: a, project: p}")
        text += f"    parameters:\n{indent(parameters, ' ' * 6)}\n"
        (wanted,) = parse(text, "f.yaml")
        assert records.write(records.read("acme"), wanted)
        assert records.read("acme").record == wanted


def test_the_page_shows_such_a_part(tmp_path: Path) -> None:
    """What it says to declare is taken."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "aws-jobs.md").read_text("utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    file = tmp_path / "clients.yaml"
    file.write_text(example)
    (acme,) = read(file)
    assert len(acme.aws_jobs) >= 5
