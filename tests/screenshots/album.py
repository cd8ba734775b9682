"""The folder of the pictures, which of them are wanted, and how many are done."""

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
    """Takes the pictures that are wanted, and prints each.

    `only` holds first characters of names, in which `*` stands for anything; an empty one means all
    pictures.
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
        """Return whether pictures are wanted whose names begin like this."""
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
    """Keep a large picture's commonest colours, and replace each other colour by the nearest.

    Flat surfaces stay as they are and the edges of letters nearly so; the file has a third of its
    bytes.
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
