"""Signed links: for one purpose and one record, until they end."""

from datetime import timedelta

import pytest

from crm_core.base import links
from crm_core.base.clock import utc_now
from crm_core.base.errors import Conflict, NotFound

TOMORROW = utc_now() + timedelta(days=1)


def test_a_link_names_its_record() -> None:
    token = links.make_link("visit", 123_456_789, expires_at=TOMORROW)
    assert links.read_link("visit", token) == 123_456_789


def test_a_link_is_for_one_purpose() -> None:
    token = links.make_link("visit", 12, expires_at=TOMORROW)
    with pytest.raises(NotFound, match="not one of ours"):
        links.read_link("feedback", token)


def test_a_link_ends() -> None:
    token = links.make_link("visit", 12, expires_at=utc_now() - timedelta(minutes=2))
    with pytest.raises(Conflict, match="expired"):
        links.read_link("visit", token)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c", "c.ä.🙂", "1.1." + "x" * 16, "9" * 999]
)
def test_a_link_cannot_be_made_up(token: str) -> None:
    with pytest.raises(NotFound):
        links.read_link("visit", token)


def test_a_link_to_another_record_does_not_hold() -> None:
    _, ends, signature = links.make_link("visit", 12, expires_at=TOMORROW).split(".")
    with pytest.raises(NotFound):
        links.read_link("visit", f"d.{ends}.{signature}")


def test_a_link_fits_an_sms() -> None:
    token = links.make_link("visit", 12_345_678, expires_at=TOMORROW)
    assert len(token) < 32
