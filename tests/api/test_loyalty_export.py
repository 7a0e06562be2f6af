"""``GET /loyalty/export``: who may, what it is called, and that it is streamed."""

import io
from collections.abc import Callable

import pyarrow.parquet as pa_parquet
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from crm_core.insights.exports import formats
from crm_core.people.schemas import Role
from tests.api.calls import API
from tests.make_patients import make_patient

SignedIn = Callable[..., TestClient]
EXPORT = f"{API}/loyalty/export"


def test_nobody_exports_without_a_token(anonymous: TestClient) -> None:
    assert anonymous.get(EXPORT, params={"dataset": "members"}).status_code == 401


def test_it_takes_the_permission(signed_in: SignedIn) -> None:
    answer = signed_in(Role.VIEWER).get(EXPORT, params={"dataset": "members"})

    assert answer.status_code == 403
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("parquet", "application/vnd.apache.parquet"),
    ],
)
def test_the_file_has_its_type_and_name(
    signed_in: SignedIn, session: Session, kind: str, media_type: str
) -> None:
    make_patient(session)

    answer = signed_in(Role.ANALYST).get(EXPORT, params={"dataset": "members", "format": kind})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="loyalty-members.{kind}"'
    )


def test_it_is_streamed_row_by_row(
    signed_in: SignedIn, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Ada Obi", "Bola Ojo"):
        make_patient(session, name)
    monkeypatch.setattr(formats, "BLOCK", 1)  # each row leaves by itself

    answer = signed_in(Role.ANALYST).get(EXPORT, params={"dataset": "members"})

    assert "content-length" not in answer.headers
    assert len(answer.text.splitlines()) == 3


def test_the_filters_are_those_of_the_list(signed_in: SignedIn, session: Session) -> None:
    make_patient(session)
    client = signed_in(Role.ANALYST)

    gold = {"dataset": "members", "format": "parquet", "loyalty_tier": "gold"}
    everybody = {"dataset": "members", "format": "parquet"}

    assert pa_parquet.read_table(io.BytesIO(client.get(EXPORT, params=gold).content)).num_rows == 0
    found = pa_parquet.read_table(io.BytesIO(client.get(EXPORT, params=everybody).content))
    assert found.num_rows == 1


@pytest.mark.parametrize(
    "query",
    [
        {"dataset": "owners"},
        {"dataset": "members", "format": "pdf"},
        {"dataset": "members", "loyalty_tier": "wooden"},
        {"dataset": "members", "transaction_type": "earned"},
        {},
    ],
    ids=str,
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(
    signed_in: SignedIn, query: dict[str, str]
) -> None:
    answer = signed_in(Role.ANALYST).get(EXPORT, params=query)

    assert answer.status_code == 400
    assert answer.json()["success"] is False


def test_identifiers_are_for_those_who_may_see_them(signed_in: SignedIn, session: Session) -> None:
    make_patient(session, "Ada Obi")
    query = {"dataset": "members"}

    assert "Obi" not in signed_in(Role.ANALYST).get(EXPORT, params=query).text
    assert "Obi" in signed_in(Role.ANALYST, Role.FINANCE).get(EXPORT, params=query).text
