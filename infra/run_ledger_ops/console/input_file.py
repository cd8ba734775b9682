"""Reading a file that somebody names, never further than its kind may be large."""

from pathlib import Path

_USUAL_MOST_BYTES = 1024 * 1024


class TooLarge(ValueError):
    """The file has more bytes than files of its kind may have."""


def read_file(path: Path, most_bytes: int = _USUAL_MOST_BYTES) -> bytes:
    """Return the content of a file; raises OSError, or TooLarge for more than *most_bytes*.

    What has no size, such as a device or a pipe, is read up to the limit, too.
    """
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise TooLarge(f"it is larger than {most_bytes:,} bytes")
    return content
