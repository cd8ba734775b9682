"""What is to be deployed, as the checks of an account see it, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from run_ledger_ops.deploying.template import Template

SITE = "Site"
_OF_THE_SITE = {"HasSite", "HasSiteDomain"}


class Notice(NamedTuple):
    """A sentence about the account, with what helps; one that blocks ends the deployment."""

    text: str
    blocks: bool = False


class Looked(Struct, frozen=True):
    """What a look at the account came to.

    ``chosen`` holds values for parameters that nobody has said: `{"WriterConcurrency": "5"}`.
    """

    notices: tuple[Notice, ...] = ()
    chosen: Mapping[str, str] = {}


@dataclass(frozen=True)
class PlannedStage:
    """A stage that is to be deployed.

    ``values`` has the value of each parameter, defaults included; ``said`` names those that were
    said now, or at a deployment before. ``present`` holds the logical names of what is there.
    """

    name: str
    template: Template
    values: Mapping[str, str]
    said: frozenset[str]
    present: frozenset[str]

    @property
    def has_site(self) -> bool:
        """Whether the stage is to have a site."""
        return self.values.get(SITE) == "true"

    @cached_property
    def new(self) -> dict[str, str]:
        """The logical names of what is not there yet, with their types.

        But for the site, conditions are taken to hold: it may be a few less.
        """
        return {
            name: str(resource["Type"])
            for name, resource in self.template.resources.items()
            if name not in self.present
            and (self.has_site or resource.get("Condition") not in _OF_THE_SITE)
        }

    def adds(self, kind: str) -> int:
        """Return how many resources of a type are made."""
        return sum(one == kind for one in self.new.values())
