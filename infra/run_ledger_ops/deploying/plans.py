"""A change set in plain words."""

from collections.abc import Iterable, Mapping
from typing import Any

LAYOUT = "EntryLayout"
_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::Cognito::UserPool"})
_WORDS = {
    "Remove": ("remove", "to remove"),
    "Add": ("make", "to make"),
    "Import": ("take over", "to take over"),
    "Modify": ("change", "to change"),
    "Follow": ("follow", "that may follow"),
}
_ORDER = tuple(_WORDS)


def in_words(changes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line with the sums, then one for each change, with a warning where data is lost."""
    found = [change["ResourceChange"] for change in changes]
    found.sort(key=lambda one: (_ORDER.index(_verb(one)), one["LogicalResourceId"]))
    counts = [(verb, sum(_verb(one) == verb for one in found)) for verb in _ORDER]
    sums = [f"{number} {_WORDS[verb][1]}" for verb, number in counts if number]
    head = ", ".join(sums) + ":" if sums else "Nothing changes but outputs."
    return [head, *(f"  {_line(one)}" for one in found)]


def _verb(change: Mapping[str, Any]) -> str:
    """Return the kind of a change; it is `Follow` where it depends on another change."""
    details = change.get("Details", ())
    if change["Action"] == "Modify" and details:
        is_certain = any(one.get("Evaluation") == "Static" for one in details)
        return "Modify" if is_certain else "Follow"
    return change["Action"] if change["Action"] in _WORDS else "Modify"


def _line(change: Mapping[str, Any]) -> str:
    kind, replacement = change["ResourceType"], change.get("Replacement")
    line = f"{_WORDS[_verb(change)][0]:9} {change['LogicalResourceId']}"
    line += f" ({kind.removeprefix('AWS::')})"
    targets = [one["Target"] for one in change.get("Details", ())]
    what = sorted({str(one.get("Name") or one.get("Attribute")) for one in targets})
    line += f": {', '.join(what)}" if what else ""
    if replacement == "True":
        line += " - made anew"
    if kind in _DATA and replacement in {"True", "Conditional"}:
        word = "ITS" if replacement == "True" else "IF MADE ANEW, ITS"
        line += f"; {word} DATA STAYS BEHIND IN THE OLD ONE"
    if kind in _DATA and change["Action"] == "Remove":
        line += " - it stays, but no longer belongs to the stack"
    return line


def shard_trouble(shards: int, shards_before: int, writers: int) -> str | None:
    """Return what is wrong with the number of shards of totals, None if nothing is.

    *shards_before* is the number of the last deployment, 0 where there was none.
    """
    if shards < shards_before:
        return (
            f"RollupShards was {shards_before} and can't be lowered to {shards}: readers would no "
            "longer add up what lies in the others, and every total would be too low."
        )
    if writers > shards:
        return (
            f"WriterConcurrency is {writers} and RollupShards {shards}: writers would wait for "
            f"each other at the totals. Raise RollupShards to {writers} with it."
        )
    return None


def layout_trouble(layout: str, before: Mapping[str, str] | None) -> str | None:
    """Return what is wrong with keeping events by that *layout* from now on, None if nothing is.

    *before* are the parameters of the last deployment, None where there was none.
    """
    if layout == "log" and before is not None and LAYOUT not in before:
        return (
            f"The release that is deployed now can't read logs. Deploy with {LAYOUT}=rows first, "
            f"and with {LAYOUT}=log once that has taken over."
        )
    return None


def index_trouble(
    wanted: Mapping[str, Mapping[str, Any]], present: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Return a line for each table that has more than one changed index, which can't be deployed.

    Both arguments are properties of tables by logical name, as the template writes them.
    """
    lines = []
    for name, table in wanted.items():
        if name not in present:
            continue
        new, old = _indexes(table), _indexes(present[name])
        added = sorted(new.keys() - old.keys())
        gone = sorted(old.keys() - new.keys())
        altered = sorted(one for one in new.keys() & old.keys() if new[one] != old[one])
        if len(added) + len(gone) > 1 or altered:
            parts = [
                f"{word} {', '.join(names)}"
                for word, names in (("adds", added), ("removes", gone), ("alters", altered))
                if names
            ]
            lines.append(f"{name}: {'; '.join(parts)}")
    return lines


def _indexes(table: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for index in table.get("GlobalSecondaryIndexes", ()):
        projection = index["Projection"]
        attributes = sorted(projection.get("NonKeyAttributes", ()))
        keys = [(key["AttributeName"], key["KeyType"]) for key in index["KeySchema"]]
        found[index["IndexName"]] = (keys, projection["ProjectionType"], attributes)
    return found


INDEX_HELP = """\
CloudFormation makes or removes one index of a table in an update, and alters none:
{tables}
Deploy them one by one: take all new indexes but one out of infra/template.yaml, deploy, put the
next one in, deploy again, and so on. An altered one is removed in one deployment and made in the
next; the reader fails where it needs an index that isn't there."""
