"""Whatever is sent, a person is told what is wrong with it, field by field; never a 500."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from crm_core.api.app import PREFIX

RECEIPTS = f"{PREFIX}/sample/receipts"
JSON = {"content-type": "application/json"}


def errors_of(answer: Any) -> list[tuple[str, str, str]]:
    """(location, path, msg) of each error, after a look at the envelope."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["success"], body["message"]) == (False, "Validation failed")
    return [(error["location"], error["path"], error["msg"]) for error in body["errors"]]


@pytest.mark.parametrize(
    ("body", "path", "msg"),
    [
        ({}, "title", "This is required."),
        ({"title": ""}, "title", "This must not be empty."),
        ({"title": "   "}, "title", "This must not be empty."),
        ({"title": 7}, "title", "Give text."),
        ({"title": None}, "title", "Give text."),
        ({"title": "x" * 201}, "title", "Give at most 200 characters."),
        ({"title": "two\nlines"}, "title", "Keep this on one line."),
        ({"title": "a", "amount": "seven"}, "amount", "Give a number."),
        ({"title": "a", "amount": "-1"}, "amount", "Give 0 or more."),
        ({"title": "a", "amount": [1]}, "amount", "Give a number."),
        (
            {"title": "a", "amount": "1.005"},
            "amount",
            "Give an amount in naira with at most two decimals.",
        ),
        ({"title": "a", "amount": "1e300"}, "amount", "Give 9999999999999.99 or less."),
        ({"title": "a", "amount": "Infinity"}, "amount", "Give a number."),
        ({"title": "a", "amount": "NaN"}, "amount", "Give a number."),
        ({"title": "a", "colour": "green"}, "colour", "Choose one of: red or blue."),
        ({"title": "a", "day": "31/12/2026"}, "day", "Give a day as YYYY-MM-DD."),
        ({"title": "a", "day": "2026-02-30"}, "day", "Give a day as YYYY-MM-DD."),
        ({"title": "a", "count": "many"}, "count", "Give a whole number."),
        ({"title": "a", "count": 1.5}, "count", "Give a whole number."),
        ({"title": "a", "count": 0}, "count", "Give 1 or more."),
        ({"title": "a", "count": 11}, "count", "Give 10 or less."),
        ({"title": "a", "count": 10**18}, "count", "Give 10 or less."),
        ({"title": "a", "count": 10**30}, "count", "This number is too large."),
        ({"title": "a", "contacts": {}}, "contacts", "Give a list."),
        ({"title": "a", "contacts": [7]}, "contacts.0", "Give a JSON object."),
        (
            {"title": "a", "contacts": [{"email": "ada"}]},
            "contacts.0.email",
            "Give an email address such as ada@hospital.ng.",
        ),
        ({"title": "a", "tittle": "b"}, "tittle", "There is no such field here: leave it out."),
    ],
)
def test_a_wrong_field_is_named_with_what_to_give_instead(
    client: TestClient, body: dict[str, Any], path: str, msg: str
) -> None:
    assert errors_of(client.post(RECEIPTS, json=body)) == [("body", path, msg)]


def test_every_wrong_field_is_named_at_once(client: TestClient) -> None:
    errors = errors_of(client.post(RECEIPTS, json={"amount": "x", "count": 99}))
    assert [path for _, path, _ in errors] == ["title", "amount", "count"]


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_a_body_that_is_no_object_is_said_so(client: TestClient, body: Any) -> None:
    ((location, path, msg),) = errors_of(client.post(RECEIPTS, json=body))
    assert (location, path) == ("body", "")
    assert msg in {"Give a JSON object.", "Send a JSON body."}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"title": "a"',
        b"{'title': 'a'}",
        b'{"title": NaN}',
        b'{"title": "a", "count": Infinity}',
        b'{"title": "a\x00b"}',
        b'{"title": "\xff\xfe"}',
        b'{"title": "\\ud800"}',
        b'{"title": "a", "count": 1e999}',
        b'{"title": "a"} trailing',
        b"\xef\xbb\xbf",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_a_body_that_is_no_json_is_said_so(client: TestClient, content: bytes) -> None:
    ((location, path, msg),) = errors_of(client.post(RECEIPTS, content=content, headers=JSON))
    assert (location, path) == ("body", "")
    assert msg.startswith("The body is not valid JSON: ")


def test_no_body_at_all_is_said_so(client: TestClient) -> None:
    assert errors_of(client.post(RECEIPTS)) == [("body", "", "Send a JSON body.")]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "", "%"]
)
def test_a_body_of_another_type_is_said_so(client: TestClient, content_type: str) -> None:
    answer = client.post(
        RECEIPTS, content=b'{"title": "a"}', headers={"content-type": content_type}
    )
    assert errors_of(answer) == [("header", "content-type", "Send the body as application/json.")]


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/vnd.x+json"]
)
def test_json_by_any_of_its_names_is_taken(client: TestClient, content_type: str) -> None:
    answer = client.post(
        RECEIPTS, content=b'{"title": "a"}', headers={"content-type": content_type}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (r'{"title": "a\u0000b"}', "title"),
        (r'{"title": "a", "contacts": [{"email": "\u0000"}]}', "contacts.0.email"),
        (r'{"title": "a", "b\u0000": 1}', ""),
    ],
)
def test_a_nul_character_is_refused_where_it_stands(
    client: TestClient, body: str, path: str
) -> None:
    answer = client.post(RECEIPTS, content=body, headers=JSON)
    assert errors_of(answer) == [("body", path, "Leave out the NUL character.")]


def test_text_that_only_looks_like_a_nul_is_kept(client: TestClient) -> None:
    answer = client.post(RECEIPTS, content=rb'{"title": "a\\u0000b"}', headers=JSON)
    assert answer.status_code == 201
    (row,) = client.get(f"{PREFIX}/receipts").json()["data"]
    assert row["title"] == "a\\u0000b"


@pytest.mark.parametrize(
    "title", ["🙂 ₦", "Adébáyọ̀", "أحمد", "'; DROP TABLE crm_staff; --", "%s %(a)s"]
)
def test_text_comes_back_as_it_was_sent(client: TestClient, title: str) -> None:
    assert client.post(RECEIPTS, json={"title": title}).status_code == 201
    (row,) = client.get(f"{PREFIX}/receipts").json()["data"]
    assert row["title"] == title


@pytest.mark.parametrize(
    ("query", "path", "msg"),
    [
        ("limit=101", "limit", "Give 100 or less."),
        ("limit=0", "limit", "Give 1 or more."),
        ("limit=ten", "limit", "Give a whole number."),
        ("limit=" + "9" * 5000, "limit", "This number is too large."),
        ("page=0", "page", "Give 1 or more."),
        ("page=-1", "page", "Give 1 or more."),
        ("page=99999999999999999999", "page", "Give 100000 or less."),
        ("colour=red", "colour", "There is no such field here: leave it out."),
        ("kind=%00", "kind", "Leave out the NUL character."),
        ("%00=1", "", "Leave out the NUL character."),
        ("cursor=x", "cursor", "This cursor is not of this list: start again without it."),
    ],
)
def test_a_wrong_filter_is_named(client: TestClient, query: str, path: str, msg: str) -> None:
    assert errors_of(client.get(f"{PREFIX}/receipts?{query}")) == [("query", path, msg)]


@pytest.mark.parametrize("query", ["kind=%ff%fe", "kind=%F0%9F%99%82", "kind=a&kind=b", "&&&", "="])
def test_an_odd_query_is_no_fault(client: TestClient, query: str) -> None:
    assert client.get(f"{PREFIX}/receipts?{query}").status_code in {200, 400}


@pytest.mark.parametrize(
    ("receipt_id", "msg"),
    [
        ("abc", "Give a whole number."),
        ("0", "Give 1 or more."),
        ("-1", "Give 1 or more."),
        ("1.5", "Give a whole number."),
        ("9223372036854775808", "Give 9223372036854775807 or less."),
        ("9" * 5000, "This number is too large."),
        ("%00", "Give a whole number."),
        ("%F0%9F%99%82", "Give a whole number."),
    ],
)
def test_a_wrong_id_in_the_address_is_said_so(
    client: TestClient, receipt_id: str, msg: str
) -> None:
    answer = client.get(f"{PREFIX}/receipts/{receipt_id}")
    assert errors_of(answer) == [("path", "receipt_id", msg)]


@pytest.mark.parametrize("receipt_id", ["1", "999999999999999999", "9223372036854775807"])
def test_an_unknown_id_is_404(client: TestClient, receipt_id: str) -> None:
    answer = client.get(f"{PREFIX}/receipts/{receipt_id}")
    assert (answer.status_code, answer.json()["message"]) == (404, "Receipt not found")
