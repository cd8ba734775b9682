"""The page of a local stack's mails: all as text, for those who know its path."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from run_ledger.delivering.mails import Outbox
from run_ledger.domain.delivery.deliveries import Letter
from run_ledger_ops.local.edge.outbox_page import (
    HEADERS,
    MAIL_HEADERS,
    MOST_MAILS,
    OutboxPage,
)
from run_ledger_ops.local.edge.routes import Routes


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, outbox: OutboxPage) -> None:
        """Read the page of *outbox*."""
        super().__init__()
        self.elements: list[str] = []
        self.text = ""
        self.links: list[dict[str, str | None]] = []
        self.feed(outbox.page().decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append(tag)
        if tag == "a" and ("class", "html") not in attrs:
            self.links.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def lay(folder: Path, number: int, subject: str, text: str) -> None:
    """Lay a mail down, later than those of lower numbers."""
    mails = Outbox(folder)
    mails.send(f"n{number}", Letter(subject, text, "<p>html</p>"), ["team@acme.example"])
    os.utime(folder / f"n{number}.eml", (number, number))


def test_an_empty_outbox_says_so(tmp_path: Path) -> None:
    """Though its folder is not there yet."""
    assert "No mail yet" in Page(OutboxPage(tmp_path / "outbox", "key")).text


def test_the_newest_mail_comes_first(tmp_path: Path) -> None:
    """With whom it is to, and no more than fit a page."""
    for number in range(MOST_MAILS + 2):
        lay(tmp_path, number, f"Subject {number}.", "words\n")
    page = Page(OutboxPage(tmp_path, "key"))
    assert page.elements.count("article") == MOST_MAILS
    newest, before = (page.text.index(f"Subject {MOST_MAILS + one}.") for one in (1, 0))
    assert newest < before
    assert "Subject 1." not in page.text
    assert f"To team@acme.example · 1 Jan 00:00:{MOST_MAILS + 1} UTC" in page.text


def test_a_mail_is_shown_as_a_mail_program_shows_it(tmp_path: Path) -> None:
    """By the link beside it, and shut off: it runs nothing, and is of no origin of ours."""
    lay(tmp_path, 1, "Subject", "words\n")
    outbox = OutboxPage(tmp_path, "key")
    (link,) = re.findall(r'class="html" href="([^"]+)"', outbox.page().decode())
    body, headers = outbox.answer(link)
    assert (body.strip(), headers) == (b"<p>html</p>", MAIL_HEADERS)
    assert {"default-src 'none'", "sandbox"} < {*csp_of(MAIL_HEADERS)}
    assert "sandbox" not in csp_of(HEADERS)


def csp_of(headers: Mapping[str, str]) -> list[str]:
    """Return the directives of a policy."""
    return headers["Content-Security-Policy"].split("; ")


@pytest.mark.parametrize("name", ["n2", "", "../n1", "%2e%2e/n1", "..%2Fn1", "n1.eml", "*"])
def test_what_is_no_mail_of_the_outbox_shows_the_page(tmp_path: Path, name: str) -> None:
    """No name leads out of the folder."""
    lay(tmp_path / "outbox", 3, "Subject", "words\n")
    lay(tmp_path, 1, "Outside", "words\n")
    outbox = OutboxPage(tmp_path / "outbox", "key")
    assert outbox.answer(f"/outbox/key?mail={name}") == (outbox.page(), HEADERS)


def test_what_a_mail_says_is_text(tmp_path: Path) -> None:
    """Nor does the page load or run anything."""
    hostile = "</pre><script>alert(1)</script>"
    lay(tmp_path, 1, hostile, hostile)
    (tmp_path / "n2.eml").write_bytes(b"\xff\xfe no mail")
    (tmp_path / "n3.part").write_bytes(b"half")
    page = Page(OutboxPage(tmp_path, "key"))
    assert "script" not in page.elements
    assert page.text.count(hostile) == 2
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'")


def test_addresses_are_links(tmp_path: Path) -> None:
    """As a mail has them, without the sentence around; the page that is opened knows no other."""
    text = (
        "Look: http://127.0.0.1:8600/#/jobs?client_id=acme&result=failed. Or (https://x.example/a)!"
    )
    lay(tmp_path, 1, "https://subject.example/", text)
    page = Page(OutboxPage(tmp_path, "key"))
    assert [one["href"] for one in page.links] == [
        "http://127.0.0.1:8600/#/jobs?client_id=acme&result=failed",
        "https://x.example/a",
    ]
    assert {(one["rel"], one["target"]) for one in page.links} == {
        ("noopener noreferrer", "_blank")
    }
    assert text in page.text


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (
            "javascript:alert(1) data:text/html,x file:///etc/passwd //x.example/ http:// https://.",
            [],
        ),
        ('http://x.example/"onclick="alert(1)', ["http://x.example/"]),
        ("http://x.example/'><script>alert(1)</script>", ["http://x.example/"]),
        ("http://x.example/&quot;onclick=1", ["http://x.example/&quot;onclick=1"]),
        ("http://x.example/<b>y", ["http://x.example/"]),
    ],
)
def test_hostile_addresses_are_text(tmp_path: Path, text: str, links: list[str]) -> None:
    """A link has the three attributes that we give it, and leads to http or https alone."""
    lay(tmp_path, 1, "Subject", text)
    page = Page(OutboxPage(tmp_path, "key"))
    assert [one["href"] for one in page.links] == links
    assert all(one.keys() == {"href", "rel", "target"} for one in page.links)
    assert "script" not in page.elements
    assert "b" not in page.elements
    assert text in page.text


@pytest.mark.parametrize("target", ["/outbox", "/outbox/", "/outbox/other", "/outbox/key/x"])
def test_other_paths_show_nothing(target: str, tmp_path: Path) -> None:
    """Nobody else on the machine guesses the right one."""
    routes = Routes(1, "abc", "api", "d1.cloudfront.net", outbox=OutboxPage(tmp_path, "key"))
    refused = routes.refusal("GET", target)
    assert refused is not None
    assert refused.status == 404


def test_the_right_path_takes_reads_alone(tmp_path: Path) -> None:
    """It changes nothing."""
    routes = Routes(1, "abc", "api", "d1.cloudfront.net", outbox=OutboxPage(tmp_path, "key"))
    assert routes.refusal("GET", "/outbox/key?x") is None
    refused = routes.refusal("POST", "/outbox/key")
    assert refused is not None
    assert refused.status == 405
