"""Nigerian mobile numbers, stored and returned as ``+234XXXXXXXXXX``."""

from typing import Annotated

import phonenumbers
from pydantic import AfterValidator

_MOBILE = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def normalise_phone(text: str) -> str:
    """Any way of writing a Nigerian mobile number → E.164; ``ValueError`` where it is none."""
    digits = text.strip()
    if digits.startswith("234"):
        digits = "+" + digits
    try:
        number = phonenumbers.parse(digits, "NG")
    except phonenumbers.NumberParseException as error:
        raise ValueError("give a Nigerian mobile number such as 0803 123 4567") from error
    if number.country_code != 234:
        raise ValueError("give a Nigerian mobile number (+234): this one is of another country")
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        raise ValueError("give a Nigerian mobile number such as 0803 123 4567")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


NigerianPhone = Annotated[str, AfterValidator(normalise_phone)]
