"""Normalising contacts: one way of writing names, addresses, telephone numbers and dates."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from run_ledger_ops.demo.pipelines.record_batches import RecordError, SkippedRecord

FILE = "contacts.csv"
NEW_EXPORT = "contacts-new-export.csv"  # the supplier changed its columns without a word
COLUMNS = ("id", "name", "email", "phone", "street", "city", "country", "since")
_CALLING_CODES = {
    "AT": "43",
    "DE": "49",
    "ES": "34",
    "FR": "33",
    "GB": "44",
    "IT": "39",
    "SE": "46",
    "US": "1",
}
_TITLES = {"dr", "prof", "mr", "mrs", "ms"}
_PARTICLES = {"van", "der", "de", "la"}
_EMAIL = re.compile(r"[a-z0-9._+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_DATE_FORMS = (
    re.compile(r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})"),
    re.compile(r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})"),
)
_SHORTEST_NUMBER, _LONGEST_NUMBER = 7, 15


def normalised(contact: Mapping[str, str]) -> dict[str, str]:
    """Return a contact in the one way of writing; raises RecordError, which names the field."""
    if not any(value for field, value in contact.items() if field != "id"):
        raise SkippedRecord("an empty contact")
    country = contact["country"].upper()
    if country not in _CALLING_CODES:
        raise RecordError(f"country {contact['country']!r} is not one that is served")
    return {
        "id": contact["id"],
        "name": _name(contact["name"]),
        "email": _email(contact["email"]),
        "phone": _phone(contact["phone"], country),
        "street": " ".join(contact["street"].split()),
        "city": " ".join(contact["city"].split()).title(),
        "country": country,
        "since": _date(contact["since"]),
    }


def _name(text: str) -> str:
    family, comma, given = text.partition(",")
    words = (f"{given} {family}" if comma else text).split()
    words = [word for word in words if word.rstrip(".").lower() not in _TITLES]
    if not words:
        raise RecordError("name is missing")
    return unicodedata.normalize("NFC", " ".join(map(_capitalised, words)))


def _capitalised(word: str) -> str:
    if word.lower() in _PARTICLES:
        return word.lower()
    if word.isupper() or word.islower():
        return "-".join(part.capitalize() for part in word.split("-"))
    return word


def _email(text: str) -> str:
    email = text.lower()
    if not _EMAIL.fullmatch(email):
        raise RecordError(f"email {text!r} is no address")
    return email


def _phone(text: str, country: str) -> str:
    """Return a number in international form, taking one without a code to be of its country."""
    digits = re.sub(r"[\s()/.-]", "", text)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif not digits.startswith("+"):
        digits = f"+{_CALLING_CODES[country]}{digits.lstrip('0')}"
    number = digits[1:]
    if not number.isdecimal() or not _SHORTEST_NUMBER <= len(number) <= _LONGEST_NUMBER:
        raise RecordError(f"phone {text!r} is no number")
    return digits


def _date(text: str) -> str:
    for form in _DATE_FORMS:
        if found := form.fullmatch(text):
            try:
                return date(*(int(found[part]) for part in ("year", "month", "day"))).isoformat()
            except ValueError as error:
                raise RecordError(f"since {text!r} is no day of the calendar") from error
    raise RecordError(f"since {text!r} is no date")
