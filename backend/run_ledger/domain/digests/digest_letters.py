"""The words of a digest, as a mail: what is worst first, for a first glance on a phone.

All that anybody else has named stands there as text: on one line, cut, and escaped in HTML.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.delivery.deliveries import LIST_UNSUBSCRIBE, Delivery, Letter
from run_ledger.domain.delivery.message_texts import mail_page
from run_ledger.domain.delivery.wordings import shortened, url_encoded, wording_of
from run_ledger.domain.incidents.causes import INCIDENT_OPENED

from .digest_figures import DigestFigures, DigestList, GroupFigures, WorkFigures
from .digest_rules import DigestPeriod

_BEFORE = {"daily": "the day before", "weekly": "the week before"}
_TARDY = {"missed": "missed", "late": "began late"}
_OVER = {"healed": "well again", "withdrawn": "not asked for any more", "resolved": "resolved"}
_OFF = "Stop these digests"
_FAILURES = "failed,timed_out"
_MOST_NAMED = 3
_MICROUSD = Decimal(1_000_000)
_HEADING = "font-size:17px;margin:1.2em 0 .3em"
_LIST = "margin:0;padding-left:1.2em"
_SMALL = "font-size:14px;margin-top:1.5em"


class Line(Struct, frozen=True):
    """One line, and where more of it is to be seen; ``link`` may be empty."""

    words: str
    link: str = ""


class Section(Struct, frozen=True):
    """Lines under a heading."""

    heading: str
    lines: Sequence[Line]


class DigestWords(Struct, frozen=True):
    """A digest in words without markup."""

    headline: str
    lines: Sequence[str]
    sections: Sequence[Section]
    link: str


def digest_words(figures: DigestFigures, period: DigestPeriod, site_url: str) -> DigestWords:
    """Return the words of a digest; *site_url* is empty where there is no site to link to."""
    before = _BEFORE[period.every]
    name = "All clients" if figures.is_of_staff else _name_of(figures)
    days = _days(period)
    address = _Address(figures, site_url)
    lines = [
        f"{days} ({period.tz}). {_ended(figures.work, before, figures.work_before)}",
        f"It cost {_cost(figures.work)}, {before} {_cost(figures.work_before)}{_change(figures)}.",
    ]
    if figures.left_out:
        lines.append("These figures are incomplete: there was too much to add up in time.")
    return DigestWords(
        f"{name}, {_short_days(period)}: {_verdict(figures)}",
        lines,
        [one for one in _sections(figures, before, address) if one.lines],
        address.jobs(),
    )


def digest_letter(words: DigestWords, footer: str, off_link: str, recipient: str) -> Letter:
    """Return the mail of *words* to one *recipient*.

    *footer* says why they get it, and at *off_link* it is switched off. Mail programs have a button
    of their own for that, by the headers of RFC 8058.
    """
    text = f"{digest_text(words)}\n{footer}\n{_OFF}: {off_link}\n"
    headers = {
        LIST_UNSUBSCRIBE: f"<{off_link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    html_text = _page(words, footer, off_link)
    return Letter(words.headline, text, html_text, headers, (recipient,))


def digest_text(words: DigestWords) -> str:
    """Return a digest as plain text."""
    lines = [words.headline, "", *words.lines]
    for section in words.sections:
        lines += ["", section.heading, *(f"- {line.words}" for line in section.lines)]
    lines += ["", words.link] if words.link else []
    return "\n".join(lines) + "\n"


def _page(words: DigestWords, footer: str, off_link: str) -> str:
    parts = [f'<h1 style="font-size:20px;margin:0">{html.escape(words.headline)}</h1>']
    parts += [f"<p>{html.escape(line)}</p>" for line in words.lines]
    for section in words.sections:
        parts.append(f'<h2 style="{_HEADING}">{html.escape(section.heading)}</h2>')
        items = "".join(f"<li>{_linked(line)}</li>" for line in section.lines)
        parts.append(f'<ul style="{_LIST}">{items}</ul>')
    if words.link:
        parts.append(f"<p>{_linked(Line('All jobs of this time in Run Ledger', words.link))}</p>")
    off = _linked(Line(_OFF, off_link))
    parts.append(f'<p style="{_SMALL}">{html.escape(footer)} {off}.</p>')
    return mail_page(words.headline, "".join(parts))


def _linked(line: Line) -> str:
    words = html.escape(line.words)
    return f'<a href="{html.escape(line.link)}">{words}</a>' if line.link else words


class _Address:
    """Makes addresses of the site's list of jobs, for exactly the days of a digest."""

    def __init__(self, figures: DigestFigures, site_url: str) -> None:
        self.site_url = site_url
        self._whose = {} if figures.is_of_staff else {"client_id": figures.client_id}
        self._when = {"ended_from": figures.since, "ended_to": figures.until}

    def jobs(self, **filters: str) -> str:
        return self._of({**self._whose, **filters, **self._when})

    def all_of(self, client_id: str, **filters: str) -> str:
        """Return where all jobs of a project or pipeline are, whenever they ended."""
        return self._of({"client_id": client_id, **filters})

    def _of(self, filters: Mapping[str, str]) -> str:
        query = "&".join(f"{name}={url_encoded(value)}" for name, value in filters.items())
        return f"{self.site_url}/#/jobs?{query}" if self.site_url else ""


def _sections(figures: DigestFigures, before: str, address: _Address) -> Iterator[Section]:
    yield Section("Wrong now", [*_incidents(figures, address), *_overdue(figures, address)])
    tardy = [_tardy(one, figures, address) for one in figures.tardy.items]
    yield Section("Missed and late runs", [*tardy, *_more(figures.tardy, "incident")])
    yield Section("New errors", [*_errors(figures, address)])
    what = "client" if figures.is_of_staff else "pipeline"
    groups = [_group(one, before, address, what) for one in figures.groups]
    hidden = figures.groups_in_all - len(groups)
    rest = [Line(f"and {_counted(hidden, f'more {what}')}")] if hidden else []
    yield Section(f"{what.capitalize()}s, worst first", [*groups, *rest])
    yield Section("All figures", list(_all(figures.work, figures.work_before, before)))


def _incidents(figures: DigestFigures, address: _Address) -> Iterator[Line]:
    for one in figures.incidents.items:
        delivery = Delivery("", figures.client_id, "", INCIDENT_OPENED, "", one)
        told = wording_of(delivery, address.site_url)
        yield Line(f"{told.headline}. {told.lines[0]}", told.link)
    yield from _more(figures.incidents, "incident")


def _errors(figures: DigestFigures, address: _Address) -> Iterator[Line]:
    if figures.new_errors is None:
        yield Line("too many different errors to say which are new")
        return
    for one in figures.new_errors.items:
        yield Line(
            f"{_clients(one, figures)}{_error(one)}: {_counted(one['jobs'], 'job')} so far",
            address.jobs(result=_FAILURES, fingerprint=one["fingerprint"]),
        )
    yield from _more(figures.new_errors, "error")


def _tardy(one: Mapping[str, Any], figures: DigestFigures, address: _Address) -> Line:
    """Return the line of runs that were missed or late, and since when that is over."""
    what = _TARDY[one["what"]]
    whose = f"{shortened(one['client_id'])} / " if figures.is_of_staff else ""
    words = f"{whose}{shortened(one['pipeline'])}: {_counted(one['jobs'], 'run')} {what}"
    if one["closed_at"] is None:
        over = "still so"
    else:
        over = f"{_OVER.get(one['closed_because'], 'over')} {_time(one['closed_at'])}"
    return Line(
        f"{words} since {_time(one['began_at'])}, {over}",
        address.all_of(one["client_id"], pipeline=one["pipeline"]),
    )


def _overdue(figures: DigestFigures, address: _Address) -> Iterator[Line]:
    for one in figures.overdue.items:
        done = f"{one['jobs_done']:,}"
        if one["jobs_expected"] is not None:
            done += f" of {one['jobs_expected']:,}"
        whose = f" of {shortened(one['client_id'])}" if figures.is_of_staff else ""
        yield Line(
            f"Project {shortened(one['name'] or one['project_id'])}{whose} is overdue since "
            f"{_time(one['due_at'])}: {done} jobs are done",
            address.all_of(one["client_id"], project_id=one["project_id"]),
        )
    yield from _more(figures.overdue, "overdue project")


def _more(listed: DigestList, what: str) -> Iterator[Line]:
    hidden = listed.count - len(listed.items)
    if hidden or listed.at_least:
        least = "at least " if listed.at_least else ""
        yield Line(f"and {least}{_counted(hidden, f'more {what}')}")


def _clients(group: Mapping[str, Any], figures: DigestFigures) -> str:
    """Return whose jobs failed so, before what failed; of a client's own digest nothing."""
    if not figures.is_of_staff:
        return ""
    named = group["clients"][:_MOST_NAMED]
    hidden = len(group["clients"]) - len(named)
    words = ", ".join(shortened(one) for one in named)
    return f"{words}{f' and {hidden:,} more' if hidden else ''} / "


def _group(one: GroupFigures, before: str, address: _Address, what: str) -> Line:
    name = "All others together" if one.name is None else shortened(one.name)
    words = f"{name}: {_failed(one.work)}, {before} {_failed(one.work_before)}"
    if one.work.partial or one.work_before.partial:
        words += f"; partial {one.work.partial:,} ({one.work_before.partial:,})"
    if one.work.cost_microusd or one.work_before.cost_microusd:
        words += f"; {_cost(one.work)} ({_cost(one.work_before)})"
    filters = {} if one.name is None else {"client_id" if what == "client" else what: one.name}
    return Line(words, address.jobs(**filters) if filters else "")


def _all(now: WorkFigures, then: WorkFigures, before: str) -> Iterator[Line]:
    """Give each figure beside that of the time before."""
    names: Mapping[str, str] = {
        "created": "Jobs created",
        "ended": "Jobs ended",
        "succeeded": "Succeeded",
        "partial": "Partial",
        "failed": "Failed",
        "timed_out": "Timed out",
        "cancelled": "Cancelled",
        "records_ok": "Records done",
        "records_failed": "Records failed",
        "records_skipped": "Records skipped",
    }
    for name, words in names.items():
        new, old = getattr(now, name), getattr(then, name)
        if new or old:
            yield Line(f"{words}: {new:,} ({before} {old:,})")


def _name_of(figures: DigestFigures) -> str:
    return shortened(figures.client_name or figures.client_id)


def _verdict(figures: DigestFigures) -> str:
    now, wrong = figures.work, figures.incidents.count + figures.overdue.count
    if now.failures:
        return f"{now.failures:,} of {_counted(now.ended, 'job')} failed or timed out"
    if wrong:
        return f"{wrong:,} wrong now"
    if now.partial:
        return f"{now.partial:,} of {_counted(now.ended, 'job')} ended partial"
    return f"all well, {_counted(now.ended, 'job')} ended" if now.ended else "nothing ended"


def _ended(now: WorkFigures, before: str, then: WorkFigures) -> str:
    return (
        f"{now.failures:,} of {_counted(now.ended, 'job')} failed or timed out{_rate(now)}; "
        f"{before} {then.failures:,} of {then.ended:,}{_rate(then)}."
    )


def _rate(figures: WorkFigures) -> str:
    return "" if figures.error_rate is None else f" (error rate {figures.error_rate:.1%})"


def _failed(figures: WorkFigures) -> str:
    return f"{figures.failures:,} of {figures.ended:,} failed"


def _cost(figures: WorkFigures) -> str:
    """Return a cost as the exact decimal; some of its calls may have no price."""
    amount = (Decimal(figures.cost_microusd) / _MICROUSD).normalize()
    return f"{'at least ' if figures.unpriced_calls else ''}{amount:,f} USD"


def _change(figures: DigestFigures) -> str:
    """Return by how much of the time before the cost has changed."""
    now, then = figures.work.cost_microusd, figures.work_before.cost_microusd
    if then <= 0 or now == then:
        return ""
    return f" ({'up' if now > then else 'down'} {abs(now - then) / then:,.0%})"


def _error(one: Mapping[str, Any]) -> str:
    parts = [one["type"] or "", one["message"] or ""]
    return shortened(": ".join(filter(None, parts)) or "without a message", 200)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _days(period: DigestPeriod) -> str:
    first, last = _day(period.first), _day(period.last)
    return first if period.first == period.last else f"{first} to {last}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b} {day.year}"


def _short_days(period: DigestPeriod) -> str:
    def short(day: date) -> str:
        return f"{day:%a} {day.day} {day:%b}"

    first, last = short(period.first), short(period.last)
    return first if period.first == period.last else f"{first} to {last}"


def _time(text: str) -> str:
    moment = instants.EPOCH + timedelta(microseconds=instants.parse(text))
    return f"{moment.day} {moment:%b %H:%M} UTC"
