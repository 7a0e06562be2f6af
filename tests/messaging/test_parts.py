"""What an SMS is made of and what it costs."""

from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from crm_core.base.parameters import change_parameter
from crm_core.messaging.parts import Prices, prices_in_force, sms_parts, warning_of
from crm_core.messaging.schemas import Channel

PRICES = Prices(sms_part=Decimal(4), email=Decimal("0.5"), whatsapp=Decimal(12))


@pytest.mark.parametrize(
    ("content", "encoding", "parts", "length"),
    [
        ("", "GSM-7", 0, 0),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("é" * 160, "GSM-7", 1, 160),
        ("€" * 80, "GSM-7", 1, 160),
        ("€" * 81, "GSM-7", 2, 162),
        ("ẹ" * 70, "UCS-2", 1, 70),
        ("ẹ" * 71, "UCS-2", 2, 71),
        ("ẹ" * 134, "UCS-2", 2, 134),
        ("ẹ" * 135, "UCS-2", 3, 135),
        ("😀" * 35, "UCS-2", 1, 70),
        ("😀" * 36, "UCS-2", 2, 72),
    ],
)
def test_parts_follow_the_alphabet(content: str, encoding: str, parts: int, length: int) -> None:
    found = sms_parts(content)
    assert (found.encoding, found.parts, found.length) == (encoding, parts, length)


def test_a_character_of_two_units_is_not_cut_between_two_parts() -> None:
    # 152 units and an escaped character: the 153rd place stays empty.
    assert sms_parts("a" * 152 + "€" + "b" * 151).parts == 2
    assert sms_parts("a" * 152 + "€" + "b" * 152).parts == 3
    assert sms_parts("ẹ" * 66 + "😀" + "ẹ" * 65).parts == 2
    assert sms_parts("ẹ" * 66 + "😀" + "ẹ" * 66).parts == 3


def test_what_still_fits_is_known() -> None:
    assert sms_parts("a" * 150).left == 10
    assert sms_parts("a" * 161).left == 306 - 161


def test_the_characters_that_force_ucs_2_are_named_once_with_their_tone_marks() -> None:
    assert sms_parts("Pay ₦500, Ẹ kú ọ́jọ́ ₦").forcing == ["₦", "Ẹ", "ú", "ọ́"]


def test_a_warning_names_them_and_what_they_cost() -> None:
    assert warning_of("Your visit is on Friday") is None
    warned = warning_of("Ẹ káàbọ̀! " + "Your balance is ₦4,500. " * 5)
    assert warned is not None
    assert warned.startswith("With Ẹ, á, ọ̀, ₦ a part holds 70 characters instead of 160")
    assert "2 parts instead of 1" in warned


def test_costs_follow_parts_and_channel() -> None:
    assert PRICES.of(Channel.SMS, "a" * 161) == Decimal(8)
    assert PRICES.of(Channel.EMAIL, "a" * 1000) == Decimal("0.5")
    assert PRICES.of(Channel.WHATSAPP, "a") == Decimal(12)
    assert PRICES.of(Channel.CALL, "a") == 0


def test_prices_are_settings(session: Session) -> None:
    change_parameter(session, "messaging.sms_part", Decimal("5.25"))
    assert prices_in_force(session).sms_part == Decimal("5.25")
