"""The pictures: those that the README shows, and the command that takes them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from tests.screenshots import __main__ as screenshots
from tests.screenshots.album import Album

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 200_000


def test_the_repository_keeps_the_pictures_that_the_readme_shows_and_no_others() -> None:
    """Each is there, is small enough to be cloned, and is kept by git."""
    shown = set(re.findall(r"docs/screenshots/([\w-]+\.png)", (ROOT / "README.md").read_text()))
    kept = set(re.findall(r"!/docs/screenshots/(\S+)", (ROOT / ".gitignore").read_text()))
    git = ["git", "-C", str(ROOT), "ls-files", "docs/screenshots"]
    known = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split()

    assert len(shown) >= 3
    assert shown == kept == {Path(name).name for name in known}
    for name in shown:
        picture = (ROOT / "docs" / "screenshots" / name).read_bytes()
        assert picture.startswith(b"\x89PNG"), name
        assert len(picture) < MOST_BYTES, name


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` says what pictures are called and how to ask for some."""
    with pytest.raises(SystemExit) as end:
        screenshots.main(["--help"])

    assert end.value.code == 0
    assert "--only site-" in capsys.readouterr().out


def test_all_pictures_are_taken_unless_some_are_asked_for(tmp_path: Path) -> None:
    """Beginnings of names choose, with `*` for anything."""
    album = screenshots.read([])
    assert album.folder == ROOT / "docs" / "screenshots"
    assert album.wants("site-job-wide-dark")
    assert album.wants_some("dashboard-")

    album = screenshots.read(
        ["--only", "site-job-phone", "site-*-print", "--folder", f"{tmp_path}"]
    )
    assert album.folder == tmp_path
    assert album.wants("site-job-phone-dark")
    assert album.wants("site-clients-print")
    assert not album.wants("site-job-wide-dark")
    assert album.wants_some("site-")
    assert not album.wants_some("dashboard-")


def test_taking_a_picture_is_told_and_what_is_not_wanted_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a picture says how far it is."""
    album = Album(tmp_path, ["one"])
    small = Image.new("RGB", (40, 30), "teal")

    for name in ("one-light", "other"):
        album.add(name, small.save)

    assert [path.name for path in tmp_path.iterdir()] == ["one-light.png"]
    assert capsys.readouterr().out.split() == ["1", "one-light.png", "(0", "KB)"]
    with Image.open(tmp_path / "one-light.png") as picture:
        assert picture.getpixel((0, 0)) == (0, 128, 128)


def test_a_large_picture_keeps_its_commonest_colours(tmp_path: Path) -> None:
    """It is made smaller, and its flat surfaces stay exactly what they were."""
    noise = [Image.effect_noise((400, 400), 90) for _ in range(3)]
    large = Image.merge("RGB", noise)
    large.paste((0, 128, 128), (0, 0, 100, 400))
    before = tmp_path / "before.png"
    large.save(before)

    Album(tmp_path).add("after", large.save)

    assert (tmp_path / "after.png").stat().st_size < before.stat().st_size / 2
    with Image.open(tmp_path / "after.png") as picture:
        assert picture.convert("RGB").getpixel((50, 50)) == (0, 128, 128)
