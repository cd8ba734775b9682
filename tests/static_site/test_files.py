"""What must hold of the site's files as they lie in the folder."""

import re
from pathlib import Path

SITE_FOLDER = Path(__file__).parents[2] / "static_site"
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
