"""What axe-core finds on a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}


def violations(page: Page, state: str) -> list[str]:
    """Return every violation of WCAG 2.2 AA on the page, named by the state that the page is in."""
    results = Axe().run(page, options=RULES).response
    assert results["testEngine"]["name"] == "axe-core"
    return [
        f"{state}: {one['id']}: {node['html'][:200]}: {node.get('failureSummary')}"
        for one in results["violations"]
        for node in one["nodes"]
    ]
