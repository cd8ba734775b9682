"""The folder that pictures go to, which of them are wanted, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from PIL import Image

COLOURS = 256
LARGE = 190_000


@dataclass
class Album:
    """Takes the pictures that are wanted, and says so as it goes.

    `only` holds beginnings of names, in which `*` stands for anything; none of them means all.
    """

    folder: Path
    only: Sequence[str] = ()
    taken: list[Path] = field(default_factory=list)

    def wants(self, name: str) -> bool:
        """Say whether this picture is wanted."""
        return not self.only or any(fnmatchcase(name, f"{start}*") for start in self.only)

    def wants_any(self, names: Iterable[str]) -> bool:
        """Say whether one of these pictures is wanted."""
        return any(self.wants(name) for name in names)

    def wants_some(self, beginning: str) -> bool:
        """Say whether pictures may be wanted whose names begin so."""
        starts = [start.partition("*")[0] for start in self.only]
        return not starts or any(
            start.startswith(beginning) or beginning.startswith(start) for start in starts
        )

    def add(self, name: str, take: Callable[[Path], object]) -> None:
        """Have a picture taken if it is wanted."""
        if self.wants(name):
            path = self.folder / f"{name}.png"
            take(path)
            shrink(path)
            self.taken.append(path)
            size = path.stat().st_size / 1000
            print(f"{len(self.taken):4}  {path.name} ({size:.0f} KB)", flush=True)


def shrink(path: Path) -> None:
    """Keep the commonest colours of a large picture, and let the others be the nearest of them.

    Flat surfaces stay as they are, the edges of letters nearly so; a third of the bytes is left.
    """
    if path.stat().st_size <= LARGE:
        return
    with Image.open(path) as picture:
        whole = picture.convert("RGB")
    counted = sorted(whole.getcolors(whole.width * whole.height) or [], reverse=True)
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in counted[:COLOURS] for part in _rgb(colour)])
    whole.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)


def _rgb(colour: float | tuple[int, ...]) -> tuple[int, ...]:
    return colour if isinstance(colour, tuple) else (int(colour),) * 3
