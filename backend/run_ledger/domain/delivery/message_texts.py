"""A wording in the markup of each channel; whatever it quotes is shown there as text."""

from __future__ import annotations

import html
from typing import Any

import msgspec

from .deliveries import Delivery, Letter
from .wordings import Wording

_LINK_WORDS = "Open in Run Ledger"
_STYLE = "font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;max-width:40em"
_CARD = "application/vnd.microsoft.card.adaptive"


def letter_of(wording: Wording) -> Letter:
    """Return the mail that says it, as plain text and as simple HTML."""
    quoted = [wording.quoted] if wording.quoted else []
    link = [wording.link] if wording.link else []
    text = "\n".join((wording.headline, "", *wording.lines, *quoted, *link)) + "\n"
    parts = [f'<p style="font-size:18px"><strong>{html.escape(wording.headline)}</strong></p>']
    parts += [f"<p>{html.escape(line)}</p>" for line in wording.lines]
    parts += [f"<pre style='white-space:pre-wrap'>{html.escape(one)}</pre>" for one in quoted]
    parts += [f'<p><a href="{html.escape(one)}">{_LINK_WORDS}</a></p>' for one in link]
    body = "".join(parts)
    return Letter(wording.headline, text, mail_page(wording.headline, body))


def mail_page(title: str, body: str) -> str:
    """Return a mail's HTML around *body*: as wide as a phone, dark where the mail program is."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{html.escape(title)}</title></head>"
        f'<body style="{_STYLE};overflow-wrap:anywhere">{body}</body></html>'
    )


def slack_message(wording: Wording) -> dict[str, Any]:
    """Return the body of a Slack incoming webhook.

    ``text`` is what a phone shows in its notification. Of all of it, only the link is markup.
    """
    lines = [wording.headline, *wording.lines, *([wording.quoted] if wording.quoted else [])]
    blocks: list[dict[str, Any]] = [
        _slack_section("plain_text", line, emoji=False) for line in lines
    ]
    if wording.link:
        blocks.append(_slack_section("mrkdwn", f"<{slack_escaped(wording.link)}|{_LINK_WORDS}>"))
    return {
        "text": slack_escaped(wording.headline),
        "mrkdwn": False,
        "blocks": blocks,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _slack_section(kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": kind, "text": text, **more}}


def slack_escaped(text: str) -> str:
    """Return *text* with the three characters escaped that Slack's markup begins by."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams_message(wording: Wording) -> dict[str, Any]:
    """Return the body of a Teams incoming webhook: a message with an Adaptive Card.

    Its words are runs of text, which know no markup; a card's plain blocks of text are Markdown.
    """
    body: list[dict[str, Any]] = [
        _teams_text(wording.headline, weight="Bolder", size="Medium"),
        *(_teams_text(line) for line in wording.lines),
        *([_teams_text(wording.quoted, fontType="Monospace")] if wording.quoted else []),
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if wording.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": _LINK_WORDS, "url": wording.link}]
    return {"type": "message", "attachments": [{"contentType": _CARD, "content": card}]}


def _teams_text(text: str, **more: Any) -> dict[str, Any]:
    run = {"type": "TextRun", "text": text, **more}
    return {"type": "RichTextBlock", "inlines": [run]}


def webhook_body(delivery: Delivery) -> bytes:
    """Return the body of a signed webhook, in the form of Standard Webhooks."""
    message = {"type": delivery.kind, "timestamp": delivery.made_at, "data": delivery.detail}
    return msgspec.json.encode(message)
