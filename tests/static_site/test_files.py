"""What must hold of the site's files as they lie in the folder."""

import itertools
import re
import shutil

import pytest
from tests.support.site.site_files import (
    PAGE,
    SITE_FOLDER,
    brotli_sizes,
    imported_by,
    linked_by_page,
    needed_by,
    styles_loaded_later,
    views_and_styles,
)

from run_ledger_ops.deploying.site import served

TOKENS = (SITE_FOLDER / "design" / "tokens.css").read_text()
SCRIPTS = sorted(SITE_FOLDER.rglob("*.js"))
PAGE_TEXT = (SITE_FOLDER / PAGE).read_text()

UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b"
)
FIRST_VIEW_BYTES = 45_000
ALL_BYTES = 128_000
STEPS_TO_A_MODULE = 3
COMMENT_LINE = re.compile(r"\s*(?:/\*|\*|//)")


def test_every_module_that_all_views_need_is_preloaded() -> None:
    """The browser knows these from the page, not one after the other from each other."""
    needed = needed_by("main.js") | set.intersection(*map(needed_by, views_and_styles()))

    assert linked_by_page("modulepreload") == sorted(needed)
    assert all((SITE_FOLDER / name).is_file() for name in needed)


def test_a_view_is_loaded_in_few_steps() -> None:
    """What a view needs beyond that hangs together in short chains."""
    preloaded = set(linked_by_page("modulepreload"))
    for view in views_and_styles():
        known, step, steps = {view}, {view}, 0
        while step := set().union(*map(imported_by, step)) - preloaded - known:
            known |= step
            steps += 1
        assert steps <= STEPS_TO_A_MODULE, view


def test_every_stylesheet_is_loaded_with_its_component() -> None:
    """The page links those of every view, a view loads its own, and none lies about unused."""
    linked = set(linked_by_page("stylesheet"))
    sheets = {file.relative_to(SITE_FOLDER).as_posix() for file in SITE_FOLDER.rglob("*.css")}
    later = styles_loaded_later()
    for view, styles in views_and_styles().items():
        beside = {name.removesuffix(".js") + ".css" for name in {view, *needed_by(view)}}
        assert styles == (beside & sheets) - linked, view

    assert linked.union(later, *views_and_styles().values()) == sheets


def test_a_view_has_the_style_of_every_class_that_it_uses() -> None:
    """Nothing changes its look when another view's stylesheets come."""
    defined: dict[str, set[str]] = {}
    for sheet in SITE_FOLDER.rglob("*.css"):
        for name in re.findall(r"\.([a-z][\w-]+)", sheet.read_text()):
            defined.setdefault(name, set()).add(sheet.relative_to(SITE_FOLDER).as_posix())
    for view, styles in views_and_styles().items():
        loaded = styles.union(linked_by_page("stylesheet"))
        for module in {view, *needed_by(view)}:
            for text in re.findall(
                r'class(?:Name)?: ["`]([^"`]+)', (SITE_FOLDER / module).read_text()
            ):
                for name in text.split():
                    assert name not in defined or defined[name] & loaded, (view, module, name)


def test_a_stylesheet_is_that_of_the_module_beside_it() -> None:
    """But for the design's, each has the name of a script of its folder."""
    for sheet in SITE_FOLDER.rglob("*.css"):
        assert sheet.parent.name == "design" or sheet.with_suffix(".js").is_file(), sheet


def test_the_first_view_of_each_route_is_small() -> None:
    """A browser loads little before it shows something, and not much in all."""
    if shutil.which("node") is None:
        pytest.skip("node is missing: apt install nodejs")
    sizes = brotli_sizes()
    page = {PAGE, "main.js", "logo.svg"}
    page |= {*linked_by_page("modulepreload"), *linked_by_page("stylesheet")}
    weights = {
        view: sum(sizes[name] for name in page | {view} | needed_by(view) | styles)
        for view, styles in views_and_styles().items()
    }

    assert len(weights) > 1
    assert {view: size for view, size in weights.items() if size > FIRST_VIEW_BYTES} == {}
    assert sum(sizes.values()) <= ALL_BYTES


def test_only_comments_are_left_out_of_what_is_served() -> None:
    """Every line of code is served as it lies in the folder, but for its indent."""
    for file in SITE_FOLDER.rglob("*.*"):
        lines = file.read_text().splitlines()
        if file.suffix in {".css", ".js"}:
            lines = [line.strip() for line in lines if line.strip()]
        kept = served(file).decode().splitlines()
        left = iter(lines)
        out = [line for want in kept for line in itertools.takewhile(want.__ne__, left)]
        out += left

        assert all(COMMENT_LINE.match(line) or is_prose(line, lines) for line in out), file


def test_no_text_of_a_script_goes_over_lines() -> None:
    """Indents are left out of what is served, which would change such a text."""
    for file in SITE_FOLDER.rglob("*.js"):
        for line in file.read_text().splitlines():
            code = re.sub(r"/\(`.*\)/|\"`\"", "", line)
            assert code.count("`") % 2 == 0, f"{file}: {line}"
            assert not code.endswith("\\"), f"{file}: {line}"


def is_prose(line: str, lines: list[str]) -> bool:
    """Say whether a line without a star stands inside a comment of a stylesheet."""
    at = lines.index(line)
    opened = max((n for n, each in enumerate(lines[:at]) if "/*" in each), default=-1)
    return opened >= 0 and all("*/" not in each for each in lines[opened:at])


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
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", PAGE_TEXT)


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
