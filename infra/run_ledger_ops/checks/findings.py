"""What a check found of one part of a system."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """The state of a part; where one is `wrong` or `unknown`, the system is not well."""

    WELL = "well"
    LOOK = "look"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What was found of one part of the system: its state, a text and figures."""

    part: str
    level: Level
    words: str
    figures: dict[str, Any]

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong with the part, as far as could be seen."""
        return self.level in {Level.WELL, Level.LOOK}
