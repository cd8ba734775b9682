"""What must hold of the site's files as they lie in the folder."""

import re
from pathlib import Path

import pytest

SITE_FOLDER = Path(__file__).parents[2] / "static_site"
TOKENS = (SITE_FOLDER / "design" / "tokens.css").read_text()
SCRIPTS = sorted(SITE_FOLDER.rglob("*.js"))
PAGE = (SITE_FOLDER / "index.html").read_text()

UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b"
)
IMPORT = re.compile(r'^(?:import|\} from|import .* from) ?"?.*?"(\./|\.\./)([^"]+)"', re.MULTILINE)


def imported_by(script: Path) -> set[Path]:
    """Give the files that a module imports."""
    return {
        (script.parent / up / name).resolve() for up, name in IMPORT.findall(script.read_text())
    }


def test_every_module_that_loads_is_preloaded() -> None:
    """The browser knows all modules from the page, not one after the other from each other."""
    needed: set[Path] = set()
    waiting = [SITE_FOLDER / "main.js"]
    while waiting:
        for found in imported_by(waiting.pop()) - needed:
            needed.add(found)
            waiting.append(found)

    preloaded = re.findall(r'rel="modulepreload" href="\./([^"]+)"', PAGE)

    assert [SITE_FOLDER / name for name in preloaded] == sorted(needed)
    assert all(file.is_file() for file in needed)


def test_every_stylesheet_is_linked() -> None:
    """No stylesheet lies about unused."""
    linked = set(re.findall(r'rel="stylesheet" href="\./([^"]+)"', PAGE))

    assert linked == {
        file.relative_to(SITE_FOLDER).as_posix() for file in SITE_FOLDER.rglob("*.css")
    }


def test_nothing_is_loaded_from_elsewhere() -> None:
    """No file names another host, but for XML's names."""
    for file in SITE_FOLDER.rglob("*.*"):
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://", text), file


def test_text_never_becomes_markup() -> None:
    """No script uses what would need a Trusted Types policy or inline style."""
    for script in SCRIPTS:
        assert not UNSAFE.search(script.read_text()), script


def test_the_page_has_no_inline_script_or_style() -> None:
    """The policy needs no exception."""
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", PAGE)


def test_only_words_of_the_design_are_colours() -> None:
    """Colours are named in one place."""
    for file in SITE_FOLDER.rglob("*.css"):
        if file.name != "tokens.css":
            assert not re.search(r"#[0-9a-f]{3,8}\b|\brgb|\bhsl", file.read_text()), file


def read_tokens(css: str) -> dict[str, str]:
    """Give the colours that a stylesheet names."""
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", css))


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours as WCAG defines it."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Give the relative luminance of a colour as WCAG defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_what_they_are_on(scheme: str) -> None:
    """Text has a contrast of 4.5 at least, the outlines of fields and bars of 3 (WCAG 2.2 AA)."""
    light, dark = TOKENS.split("@media screen and (prefers-color-scheme: dark)")
    colours = read_tokens(light) | (read_tokens(dark) if scheme == "dark" else {})
    papers = ("paper", "surface", "surface-sunk", "amber-soft", "accent-soft")
    outcomes = ("blue", "green", "red", "amber", "violet", "grey")
    text = [
        *((ink, paper) for ink in ("ink", "ink-soft") for paper in papers),
        *(("accent", paper) for paper in ("paper", "surface", "accent-soft")),
        *((colour, f"{colour}-soft") for colour in outcomes),
        *((ink, f"{tone}-soft") for ink in ("ink", "ink-soft") for tone in ("green", "red")),
        ("accent-ink", "accent"),
        ("red", "paper"),
        ("red", "surface"),
    ]
    shapes = [
        *(("line-strong", paper) for paper in ("paper", "surface")),
        *((f"{bar}-bar", "surface-sunk") for bar in ("green", "red", "amber", "violet")),
        *((colour, "surface-sunk") for colour in ("accent", "grey")),
    ]

    weak = [
        pair
        for pairs, least in ((text, 4.5), (shapes, 3))
        for pair in pairs
        if contrast(*(colours[name] for name in pair)) < least
    ]

    assert weak == []
