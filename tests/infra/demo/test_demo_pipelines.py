"""The demo's real pipelines: what they make of records, and of those that are broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from run_ledger_ops.demo.pipelines import contacts, products, suppliers
from run_ledger_ops.demo.pipelines.record_batches import (
    BatchError,
    LeftToPerson,
    RecordBatch,
    RecordError,
    SkippedRecord,
    open_batch,
)

GOOD = {
    "id": "c1",
    "name": "o'brien-MÜLLER, anna  ",
    "email": "Anna@EXAMPLE.net",
    "phone": "0049 (30) 123-4567",
    "street": "Main  Street 1",
    "city": "BERLIN",
    "country": "de",
    "since": "5.3.2024",
}


def outcomes(whole: RecordBatch, answer: Callable[[Mapping[str, str]], object]) -> Counter[str]:
    """Count what becomes of the records of a delivery, errors by their first words."""
    found: Counter[str] = Counter()
    for line in whole.records():
        try:
            answer(whole.fields(line))
        except (RecordError, SkippedRecord) as error:
            found[type(error).__name__] += 1
        else:
            found["ok"] += 1
    return found


def test_a_contact_is_brought_to_one_way_of_writing() -> None:
    """Name, address, number and date come out in the forms that everybody expects."""
    assert contacts.normalised(GOOD | {"name": "MÜLLER, anna  "}) == {
        "id": "c1",
        "name": "Anna Müller",
        "email": "anna@example.net",
        "phone": "+49301234567",
        "street": "Main Street 1",
        "city": "Berlin",
        "country": "DE",
        "since": "2024-03-05",
    }


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("+44 20 7946 0000", "+442079460000"),
        ("030/1234567", "+49301234567"),
        ("(030) 123-4567", "+49301234567"),
    ],
)
def test_numbers_without_a_code_are_of_their_country(text: str, phone: str) -> None:
    """A leading 0 is dropped for the country's code; an international number stays."""
    assert contacts.normalised(GOOD | {"phone": text})["phone"] == phone


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("name", "Dr. ", "name is missing"),
        ("email", "a at b", "email 'a at b' is no address"),
        ("phone", "see notes", "phone 'see notes' is no number"),
        ("since", "2024-02-31", "since '2024-02-31' is no day of the calendar"),
        ("since", "unknown", "since 'unknown' is no date"),
        ("country", "Narnia", "country 'Narnia' is not one that is served"),
    ],
)
def test_a_contact_that_cannot_be_read_names_its_field(
    field: str, text: str, complaint: str
) -> None:
    """Each kind of broken field fails its record, in words that say what was there."""
    with pytest.raises(RecordError, match=complaint):
        contacts.normalised(GOOD | {field: text})


def test_the_delivered_contacts_have_all_kinds_of_trouble() -> None:
    """The file that comes with the product is as dirty as it is said to be, and mostly good."""
    whole = open_batch(contacts.FILE, contacts.COLUMNS, 0, 360)
    found = outcomes(whole, contacts.normalised)

    assert found["ok"] > 300
    assert found["RecordError"] > 20
    assert found["SkippedRecord"] > 0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"a\0,b", "a NUL byte"),
        ("Müller,b".encode("cp1252"), "byte 0xfc at 1 is not UTF-8"),
        (b"a", "expected 2 columns, found 1"),
        (b"a,b,c", "expected 2 columns, found 3"),
    ],
)
def test_a_broken_line_is_one_records_trouble(line: bytes, complaint: str) -> None:
    """What is wrong with a line is said, and concerns no other."""
    with pytest.raises(RecordError, match=complaint):
        RecordBatch("x", ("a", "b"), [line]).fields(line)


def test_an_export_with_other_columns_is_no_delivery() -> None:
    """The supplier's new export lacks columns, which are named before any record is read."""
    with pytest.raises(BatchError, match="no column 'id', 'name'"):
        open_batch(contacts.NEW_EXPORT, contacts.COLUMNS, 0, 10)


def test_deliveries_go_round_the_file() -> None:
    """One position after another gives other records, and past the end the first again."""
    columns = contacts.COLUMNS
    first = open_batch(contacts.FILE, columns, 0, 5).lines
    assert list(open_batch(contacts.FILE, columns, 360, 5).lines) == list(first)
    assert list(open_batch(contacts.FILE, columns, 5, 5).lines) != list(first)


def mention(name: str, city: str = "", country: str = "") -> dict[str, str]:
    """Make a mention of a supplier."""
    return {"id": "m", "name": name, "city": city, "country": country}


@pytest.fixture(scope="module")
def master() -> suppliers.Master:
    """Give the master list in narrow blocks."""
    return suppliers.Master(suppliers.FINE, 16)


def test_a_supplier_is_found_behind_typing_errors_and_legal_forms(master: suppliers.Master) -> None:
    """What is clearly one supplier is matched, whatever else stands in the name."""
    listed = open_batch("suppliers.csv", suppliers.COLUMNS, 0, 140)
    rows = [listed.fields(line) for line in listed.records()]
    names = Counter(row["name"].rsplit(" ", 1)[0] for row in rows)
    unique = [row for row in rows if names[row["name"].rsplit(" ", 1)[0]] == 1]
    assert len(unique) > 50
    for row in unique:
        name = row["name"].rsplit(" ", 1)[0]
        typed = f"{name[:-3]}{name[-2:]}".upper()
        assert master.match(mention(typed, row["city"], row["country"])) == row["id"]


def test_what_fits_several_is_left_to_a_person(master: suppliers.Master) -> None:
    """Half a name that several suppliers share is not guessed at."""
    with pytest.raises(suppliers.AmbiguousMatch, match="'Kestrel' may be s"):
        master.match(mention("Kestrel"))
    with pytest.raises(SkippedRecord):
        master.match(mention("n/a"))
    assert master.match(mention("Zephyr & Sons")) is None


def test_a_block_that_is_too_large_fails_the_attempt() -> None:
    """Comparing has a limit, and the error says which block broke it."""
    wide = suppliers.Master(suppliers.COARSE, 16)
    with pytest.raises(suppliers.BlockTooLargeError, match="candidates share 'b'; at most 16"):
        wide.match(mention("Belmonte"))


@pytest.fixture(scope="module")
def classifier() -> products.Classifier:
    """Give a classifier that has learned."""
    return products.Classifier()


@pytest.mark.parametrize(
    ("title", "category"),
    [
        ("steel kettle", "kitchen"),
        ("<b>cedar planter HOSE</b>&nbsp;", "garden"),
        ("ergonomic desk chair", "office"),
        ("non-slip training mat", "sports"),
        ("wooden puzzle", "toys"),
    ],
)
def test_titles_are_classified(classifier: products.Classifier, title: str, category: str) -> None:
    """What was learned from labelled products tells the category of new ones, markup or not."""
    assert classifier.category({"title": title}) == category


@pytest.mark.parametrize(
    ("title", "error"),
    [
        ("blue large classic", LeftToPerson),
        ("TBD", SkippedRecord),
        ("", RecordError),
        ("新商品", RecordError),
    ],
)
def test_titles_without_an_answer_say_why(
    classifier: products.Classifier, title: str, error: type[Exception]
) -> None:
    """Doubt is left to a person, a placeholder is skipped, and nothing to read is an error."""
    with pytest.raises(error):
        classifier.category({"title": title})
