"""The template as the command reads it: its parameters and tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from run_ledger_ops.console.exceptions import OpsError

# Which parameters choose what the bundle is built for.
RUNTIME, ARCHITECTURE = "Runtime", "Architecture"


class _TemplateLoader(yaml.SafeLoader):
    """Reads a short form of CloudFormation as its argument: `!Ref X` as X."""


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


_TemplateLoader.add_multi_constructor("!", _plain)


@dataclass(frozen=True)
class TemplateParameter:
    """One parameter: what it is for, and what it may be."""

    name: str
    description: str
    default: str | None
    allowed: tuple[str, ...]
    pattern: str | None
    lowest: int | None
    highest: int | None
    constraint: str | None

    def complaint(self, value: str) -> str | None:
        """Return what is wrong with *value*; None if nothing is."""
        if self.allowed and value not in self.allowed:
            return f"{self.name} is one of {', '.join(self.allowed)}, not {value!r}"
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            return f"{self.name} is {self.constraint or self.pattern}, not {value!r}"
        if self.lowest is None and self.highest is None:
            return None
        lowest, highest = self.lowest or 0, self.highest
        number = int(value) if value.isascii() and value.isdecimal() else -1
        if number >= lowest and (highest is None or number <= highest):
            return None
        span = f"from {lowest} to {highest}" if highest is not None else f"of at least {lowest}"
        return f"{self.name} is a whole number {span}, not {value!r}"


@dataclass(frozen=True)
class Template:
    """The template's text and what was read from it."""

    text: str
    folder: Path
    parameters: Mapping[str, TemplateParameter]
    resources: Mapping[str, Mapping[str, Any]]

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """The tables' properties by logical name."""
        return {
            name: dict(one["Properties"])
            for name, one in self.resources.items()
            if one["Type"] == "AWS::DynamoDB::Table"
        }

    def check(self, given: Mapping[str, str]) -> None:
        """Raise OpsError for an unknown parameter, or a value that a parameter can't have."""
        for name, value in given.items():
            if name not in self.parameters:
                message = f"There is no parameter {name}: there are {', '.join(self.parameters)}."
                raise OpsError(message)
            complaint = self.parameters[name].complaint(value)
            if complaint:
                raise OpsError(f"{complaint}.")


def read(path: Path) -> Template:
    """Read a template."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        message = f"{path} is missing: deploy from a checkout of Run Ledger, where it lies."
        raise OpsError(message) from error
    return parse(text, path.parent)


def parse(text: str, folder: Path) -> Template:
    """Read a template's text; *folder* is what its paths start from."""
    document = yaml.load(text, _TemplateLoader)  # noqa: S506 - a safe loader that knows short forms
    return Template(
        text=text,
        folder=folder,
        parameters={
            name: _parameter(name, one) for name, one in document.get("Parameters", {}).items()
        },
        resources=document["Resources"],
    )


def _parameter(name: str, written: Mapping[str, Any]) -> TemplateParameter:
    default = written.get("Default")
    return TemplateParameter(
        name=name,
        description=" ".join(str(written.get("Description", "")).split()),
        default=None if default is None else str(default),
        allowed=tuple(str(value) for value in written.get("AllowedValues", ())),
        pattern=written.get("AllowedPattern"),
        lowest=written.get("MinValue"),
        highest=written.get("MaxValue"),
        constraint=written.get("ConstraintDescription"),
    )
