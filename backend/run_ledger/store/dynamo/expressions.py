"""Expressions for DynamoDB: conditions, updates and queries.

Names and values go in as placeholders, so that no word is reserved and no text is read as an
expression.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .attributes import Attribute, Item, to_attribute


class ConditionBuilder:
    """Collects conditions that must all hold, and the names and values that they speak of."""

    def __init__(self) -> None:
        """Start with nothing to check."""
        self._names: dict[str, str] = {}
        self._values: dict[str, Attribute] = {}
        self._conditions: list[str] = []

    def require_absent(self, name: str) -> None:
        """Require that an item has no attribute *name*; of a key: that there is no item."""
        self._conditions.append(f"attribute_not_exists({self._name(name)})")

    def require_present(self, name: str) -> None:
        """Require that an item has the attribute *name*; of a key: that there is an item."""
        self._conditions.append(f"attribute_exists({self._name(name)})")

    def require(self, path: tuple[str, ...], operator: str, value: Any) -> None:
        """Require that the attribute at *path* compares so (``=``, ``<``, …) with *value*."""
        where = ".".join(self._name(part) for part in path)
        self._conditions.append(f"{where} {operator} {self._value(value)}")

    def require_if_present(self, name: str, operator: str, value: str | int) -> None:
        """Require that an item has no attribute *name*, or one that compares so with *value*."""
        attribute = self._name(name)
        self._conditions.append(
            f"({attribute} {operator} {self._value(value)} OR attribute_not_exists({attribute}))"
        )

    def require_exactly(self, name: str, attribute: Attribute | None) -> None:
        """Require that an item's attribute *name* is *attribute*; None: that it has none."""
        if attribute is None:
            self.require_absent(name)
        else:
            self._conditions.append(f"{self._name(name)} = {self._exactly(attribute)}")

    def require_at_most(self, name: str, count: int) -> None:
        """Require that the set *name* has at most *count* members; an absent one has none."""
        attribute = self._name(name)
        self._conditions.append(
            f"(attribute_not_exists({attribute}) OR size({attribute}) <= {self._value(count)})"
        )

    def condition(self, parameter: str = "ConditionExpression") -> dict[str, Any]:
        """Return the conditions as a request's *parameter*, with what all placeholders mean."""
        request: dict[str, Any] = {}
        if self._conditions:
            request[parameter] = " AND ".join(self._conditions)
        if self._names:
            request["ExpressionAttributeNames"] = {
                short: name for name, short in self._names.items()
            }
        if self._values:
            request["ExpressionAttributeValues"] = self._values
        return request

    def _name(self, name: str) -> str:
        short = self._names.get(name)
        if short is None:
            short = self._names[name] = f"#{len(self._names)}"
        return short

    def _value(self, value: Any) -> str:
        return self._exactly(to_attribute(value))

    def _exactly(self, attribute: Attribute) -> str:
        short = f":{len(self._values)}"
        self._values[short] = attribute
        return short


class UpdateBuilder(ConditionBuilder):
    """Collects the clauses of one ``Update`` action, and the conditions that it depends on."""

    def __init__(self) -> None:
        """Start with nothing to set, add or check."""
        super().__init__()
        self._set: list[str] = []
        self._remove: list[str] = []
        self._add: list[str] = []
        self._delete: list[str] = []

    def set(self, values: Mapping[str, Any]) -> None:
        """Set top-level attributes."""
        for name, value in values.items():
            self._set.append(f"{self._name(name)} = {self._value(value)}")

    def set_once(self, name: str, value: Any) -> None:
        """Set a top-level attribute that is not there yet."""
        self._set.append(
            f"{self._name(name)} = if_not_exists({self._name(name)}, {self._value(value)})"
        )

    def remove(self, *names: str) -> None:
        """Remove top-level attributes."""
        self._remove.extend(self._name(name) for name in names)

    def add(self, changes: Mapping[str, int]) -> None:
        """Add to numeric top-level attributes; a missing one starts at zero."""
        # The busiest loop of a writer: `_name` and `_exactly`, without a call for each attribute.
        names, values, clauses = self._names, self._values, self._add
        for name, change in changes.items():
            short = names.get(name)
            if short is None:
                short = names[name] = f"#{len(names)}"
            value = f":{len(values)}"
            values[value] = {"N": str(change)}
            clauses.append(f"{short} {value}")

    def add_members(self, name: str, members: Collection[str]) -> None:
        """Add *members*, one at least, to the set *name*."""
        self._add.append(f"{self._name(name)} {self._value(frozenset(members))}")

    def delete_members(self, name: str, members: Collection[str]) -> None:
        """Take *members*, one at least, out of the set *name*."""
        self._delete.append(f"{self._name(name)} {self._value(frozenset(members))}")

    def action(self, table: str, key: Item) -> dict[str, Any]:
        """Return the ``TransactWriteItems`` action: ``{"Update": {…}}``."""
        clauses = [
            f"{word} {', '.join(parts)}"
            for word, parts in (
                ("SET", self._set),
                ("REMOVE", self._remove),
                ("ADD", self._add),
                ("DELETE", self._delete),
            )
            if parts
        ]
        update = {"TableName": table, "Key": key, "UpdateExpression": " ".join(clauses)}
        return {"Update": update | self.condition()}


class QueryBuilder(ConditionBuilder):
    """Collects what one ``Query`` asks for. Conditions on attributes filter the rows it reads.

    An example: the newest ten entries of the partition ``job#1`` below a sort key::

        query = QueryBuilder(table, "pk", "job#1")
        query.sort_between("sk", below="5")
        client.query(**query.request(["sk"], limit=10, descending=True))
    """

    def __init__(self, table: str, name: str, value: str, *, index: str | None = None) -> None:
        """Ask for the rows of *table*, or of its *index*, whose partition key *name* is *value*."""
        super().__init__()
        self._request: dict[str, Any] = {"TableName": table}
        if index is not None:
            self._request["IndexName"] = index
        self._key = f"{self._name(name)} = {self._value(value)}"

    def sort_between(self, name: str, *, low: str | None = None, below: str | None = None) -> None:
        """Take rows whose sort key is at least *low* and less than *below*; None: no limit.

        DynamoDB allows one condition on a sort key, and its BETWEEN includes both ends: where
        both are given, a row whose sort key is *below* itself comes, too.
        """
        if low is not None and below is not None:
            self._sort(f"{self._name(name)} BETWEEN {self._value(low)} AND {self._value(below)}")
        elif low is not None:
            self._sort(f"{self._name(name)} >= {self._value(low)}")
        elif below is not None:
            self._sort(f"{self._name(name)} < {self._value(below)}")

    def sort_equals(self, name: str, value: str) -> None:
        """Take the one row with this sort key."""
        self._sort(f"{self._name(name)} = {self._value(value)}")

    def sort_after(self, name: str, value: str | None) -> None:
        """Take rows whose sort key is greater than *value*; None: all rows."""
        if value is not None:
            self._sort(f"{self._name(name)} > {self._value(value)}")

    def sort_prefix(self, name: str, prefix: str) -> None:
        """Take rows whose sort key begins with *prefix*."""
        self._sort(f"begins_with({self._name(name)}, {self._value(prefix)})")

    def require_one_of(self, name: str, values: Collection[str]) -> None:
        """Leave out rows whose attribute *name* is none of *values*."""
        places = ", ".join(self._value(value) for value in values)
        self._conditions.append(f"{self._name(name)} IN ({places})")

    def request(
        self,
        attributes: Collection[str] = (),
        *,
        descending: bool = False,
        limit: int | None = None,
        consistent: bool = False,
        after: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the parameters of the call.

        *attributes* are those wanted, none for all; *limit* is the number of rows to read, before
        any filter; *after* is the key to begin after, as ``LastEvaluatedKey`` of an answer.
        """
        request = {**self._request, "KeyConditionExpression": self._key}
        request |= self.condition("FilterExpression")
        if attributes:
            beyond = enumerate(attributes, len(self._names))
            shorts = [self._names.get(name, f"#{number}") for number, name in beyond]
            request["ProjectionExpression"] = ", ".join(shorts)
            request["ExpressionAttributeNames"] |= dict(zip(shorts, attributes, strict=True))
            # It follows from the projection, but IAM judges by `dynamodb:Select` what is said.
            request["Select"] = "SPECIFIC_ATTRIBUTES"
        if descending:
            request["ScanIndexForward"] = False
        if limit is not None:
            request["Limit"] = limit
        if consistent:
            request["ConsistentRead"] = True
        if after is not None:
            request["ExclusiveStartKey"] = after
        return request

    def _sort(self, condition: str) -> None:
        self._key += f" AND {condition}"


def projection(names: Sequence[str]) -> dict[str, Any]:
    """Return the parameters by which a ``GetItem`` asks for the attributes *names* alone."""
    shorts = {f"#{number}": name for number, name in enumerate(names)}
    return {"ProjectionExpression": ", ".join(shorts), "ExpressionAttributeNames": shorts}
