"""Exports: what is in each file, what is left out, and what stays in the history."""

import csv
import io
import re
import zipfile
from collections.abc import Generator
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy.orm import Session

from crm_core.appointments import service as appointments
from crm_core.base.db import reading, transaction
from crm_core.base.errors import Forbidden, Invalid
from crm_core.insights.exports import (
    Dataset,
    ExportFilter,
    Format,
    PastExport,
    count_rows,
    documentation,
    filters_of,
    formats,
    list_exports,
    open_export,
)
from crm_core.loyalty.schemas import Tier
from crm_core.people.schemas import Actor, Role
from tests.loyalty.acts import earn, spend
from tests.make import make_actor
from tests.make_appointments import begin_ago, make_visit
from tests.make_patients import DESK, make_patient

ANALYST = make_actor(Role.ANALYST)
SEES_ALL = make_actor(Role.ANALYST, Role.FINANCE)
EVERY = [(dataset, kind) for dataset in Dataset for kind in Format]
KINDS = {
    "string": pa.string(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


@pytest.fixture
def member(session: Session) -> int:
    """A patient whose name a spreadsheet would run, with 600 points earned and 50 spent."""
    patient = make_patient(session, "=SUM(A1) Obi", email="sum@example.ng")
    earn(session, patient.id, 600)
    spend(session, patient.id, 50)
    return patient.id


def file(
    dataset: Dataset,
    kind: Format = Format.CSV,
    actor: Actor = SEES_ALL,
    given: ExportFilter | None = None,
) -> bytes:
    given = given or ExportFilter()
    return b"".join(open_export(dataset, kind, given, actor=actor).chunks())


def rows_of(content: bytes, kind: Format) -> list[list[str]]:
    """The header and the rows, every cell as CSV writes it."""
    if kind is Format.CSV:
        return list(csv.reader(io.StringIO(content.decode())))
    if kind is Format.XLSX:
        return sheet(content)
    table = pa_parquet.read_table(io.BytesIO(content))
    return [table.column_names, *([written(v) for v in row.values()] for row in table.to_pylist())]


def written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.replace(" ", "T").replace("+00:00", "Z") if hasattr(value, "hour") else text


def sheet(content: bytes) -> list[list[str]]:
    """The cells of the first sheet as they stand in its XML; empty ones are not there."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        root = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    rows = [
        {place(cell): whole("".join(cell.itertext())) for cell in row}
        for row in root.iter(f"{_MAIN}row")
    ]
    return [[row.get(n, "") for n in range(len(rows[0]))] for row in rows]


def whole(text: str) -> str:
    """A spreadsheet has no whole numbers: it shows 5.0 as 5."""
    return re.sub(r"^(-?\d+)\.0$", r"\1", text)


def place(cell: ET.Element) -> int:
    """Column A is 0."""
    number = 0
    for letter in re.sub(r"\d", "", cell.attrib["r"]):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.mark.parametrize(("dataset", "kind"), EVERY)
def test_the_columns_are_exactly_those_documented(
    member: int, dataset: Dataset, kind: Format
) -> None:
    header = rows_of(file(dataset, kind), kind)[0]

    assert header == [column.name for column in documentation(dataset)]


@pytest.mark.parametrize(("dataset", "kind"), EVERY)
def test_identifiers_are_left_out_for_whoever_may_not_see_them(
    member: int, dataset: Dataset, kind: Format
) -> None:
    content = file(dataset, kind, ANALYST)

    header, *rows = rows_of(content, kind)
    assert header == [column.name for column in documentation(dataset) if not column.identifier]
    assert rows
    assert not any("Obi" in cell or "sum@" in cell for row in rows for cell in row)


def test_every_column_is_explained() -> None:
    for dataset in Dataset:
        for column in documentation(dataset):
            assert column.meaning, column.name
            assert column.kind in KINDS, column.name


@pytest.mark.parametrize("dataset", list(Dataset))
def test_parquet_has_the_documented_types(member: int, dataset: Dataset) -> None:
    schema = pa_parquet.read_schema(io.BytesIO(file(dataset, Format.PARQUET)))

    assert dict(zip(schema.names, schema.types, strict=True)) == {
        column.name: KINDS[column.kind] for column in documentation(dataset)
    }


@pytest.mark.parametrize("dataset", list(Dataset))
def test_parquet_says_what_csv_says(member: int, dataset: Dataset) -> None:
    as_csv = rows_of(file(dataset), Format.CSV)
    as_parquet = rows_of(file(dataset, Format.PARQUET), Format.PARQUET)

    # Only the apostrophe that keeps a spreadsheet from running a text is not in it.
    assert sorted(as_parquet) == sorted([cell.removeprefix("'") for cell in row] for row in as_csv)


def test_a_spreadsheet_opens_the_same_rows(member: int) -> None:
    columns = ("patient_code", "last_name", "state", "loyalty_tier", "visit_count")

    header, *as_csv = rows_of(file(Dataset.MEMBERS), Format.CSV)
    header_too, *as_sheet = rows_of(file(Dataset.MEMBERS, Format.XLSX), Format.XLSX)

    assert header_too == header
    places = [header.index(name) for name in columns]
    assert [[row[n] for n in places] for row in as_sheet] == [
        [row[n] for n in places] for row in as_csv
    ]


def test_only_csv_keeps_a_formula_from_running(member: int) -> None:
    def name(kind: Format) -> str:
        header, row = rows_of(file(Dataset.MEMBERS, kind), kind)
        return row[header.index("first_name")]

    assert [name(kind) for kind in Format] == ["'=SUM(A1)", "=SUM(A1)", "=SUM(A1)"]


def test_a_members_figures_are_those_of_the_ledger(member: int) -> None:
    header, row = rows_of(file(Dataset.FEATURES), Format.CSV)
    found = dict(zip(header, row, strict=True))

    # 100 for the welcome, 600 given, 200 for the rise to silver.
    assert found | {"points_earned": "900", "points_redeemed": "50"} == found
    assert found | {"points_balance": "850", "frequency": "4", "recency_days": "0"} == found
    assert found["no_shows"] == "0"


def test_a_missed_visit_is_among_a_members_figures(session: Session, member: int) -> None:
    visit = make_visit(session, member)
    begin_ago(session, visit.id, days=2)
    appointments.mark_no_show(session, visit.id, actor=DESK)
    header, *rows = rows_of(file(Dataset.FEATURES), Format.CSV)
    missed = {row[header.index("patient_code")]: row[header.index("no_shows")] for row in rows}
    assert missed[visit.patient_code] == "1"


@pytest.mark.parametrize(
    ("dataset", "filters", "rows"),
    [
        (Dataset.MEMBERS, {}, 2),
        (Dataset.MEMBERS, {"loyalty_tier": "silver"}, 1),
        (Dataset.MEMBERS, {"points_from": 100}, 2),
        (Dataset.MEMBERS, {"state": "Kano"}, 0),
        (Dataset.FEATURES, {"loyalty_tier": "bronze"}, 1),
        (Dataset.LOTS, {"loyalty_tier": "silver"}, 3),
        (Dataset.TRANSACTIONS, {"transaction_type": "redeemed"}, 1),
        (Dataset.TRANSACTIONS, {"date_to": "2020-01-01"}, 0),
    ],
    ids=str,
)
def test_a_filter_is_that_of_the_list(
    session: Session, member: int, dataset: Dataset, filters: dict[str, object], rows: int
) -> None:
    make_patient(session, "Bola Ojo")
    given = ExportFilter.model_validate(filters)

    assert len(rows_of(file(dataset, given=given), Format.CSV)) - 1 == rows
    assert count_rows(session, dataset, given) == (rows, False)


@pytest.mark.parametrize(
    ("dataset", "name", "value"),
    [
        (Dataset.MEMBERS, "transaction_type", "earned"),
        (Dataset.LOTS, "date_from", "2026-01-01"),
        (Dataset.TRANSACTIONS, "loyalty_tier", "gold"),
    ],
)
def test_a_filter_that_the_set_does_not_have_is_refused(
    dataset: Dataset, name: str, value: str
) -> None:
    assert name not in filters_of(dataset)
    with pytest.raises(Invalid, match=name):
        open_export(dataset, Format.CSV, ExportFilter.model_validate({name: value}), actor=ANALYST)


def test_whoever_may_not_export_is_refused() -> None:
    with pytest.raises(Forbidden):
        open_export(Dataset.MEMBERS, Format.CSV, ExportFilter(), actor=make_actor(Role.VIEWER))


def past(session: Session, actor: Actor = SEES_ALL) -> PastExport:
    return list_exports(session, actor=actor)[0]


@pytest.mark.parametrize("kind", list(Format))
def test_an_export_is_in_the_history(session: Session, member: int, kind: Format) -> None:
    file(Dataset.MEMBERS, kind, ANALYST, ExportFilter(loyalty_tier=Tier.SILVER))

    found = past(session)
    assert found.who == ANALYST.key
    assert (found.dataset, found.format, found.rows) == ("members", kind.value, 1)
    assert found.filters == {"loyalty_tier": "silver"}
    assert (found.complete, found.identifiers) == (True, False)


def test_an_export_with_identifiers_says_so(session: Session, member: int) -> None:
    file(Dataset.MEMBERS)

    assert past(session).identifiers


def test_an_export_broken_off_is_in_the_history_with_the_rows_that_had_left(
    own_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(who="staff:1") as session:
        for name in ("Ada Obi", "Bola Ojo", "Chi Eze"):
            make_patient(session, name)
    monkeypatch.setattr(formats, "BLOCK", 1)  # each row leaves by itself
    leaving = open_export(Dataset.MEMBERS, Format.CSV, ExportFilter(), actor=ANALYST).chunks()
    assert isinstance(leaving, Generator)
    header, first = next(leaving), next(leaving)
    leaving.close()

    assert header.startswith(b"patient_code,")
    assert first.startswith(b"PAT-")
    with reading() as session:
        assert (past(session).rows, past(session).complete) == (1, False)


def test_what_somebody_searched_for_is_shown_to_few(session: Session, member: int) -> None:
    file(Dataset.MEMBERS, given=ExportFilter(search="sum@example.ng"))

    assert past(session, SEES_ALL).filters == {"search": "sum@example.ng"}
    assert past(session, ANALYST).filters == {"search": "not shown"}


def test_the_history_of_exports_is_for_those_who_export(session: Session) -> None:
    with pytest.raises(Forbidden):
        list_exports(session, actor=make_actor(Role.VIEWER))
