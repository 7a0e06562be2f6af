"""What the contract says a record looks like on the wire: every key, and the form of its value."""

import re
from collections.abc import Mapping
from typing import Any

MONEY = re.compile(r"[0-9]+\.[0-9]{2}")
SCORE = re.compile(r"[0-5]\.[0-9]{2}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?Z")
PHONE = re.compile(r"\+234[0-9]{10}")
COUNT = re.compile(r"[0-9]+")
TEXT = re.compile(r"(?s).+")

Form = re.Pattern[str] | type | None
Shape = Mapping[str, tuple[Form, ...]]

OWNER: Shape = {
    "id": (int,),
    "owner_code": (re.compile(r"OWN-[0-9]{3,}"),),
    "first_name": (TEXT,),
    "last_name": (TEXT,),
    "email": (TEXT,),
    "phone": (PHONE,),
    "nin": (TEXT, None),
    "hospital_id": (int, None),
    "status": (re.compile("active|inactive|suspended"),),
    "onboarding_date": (DAY,),
    "last_contact_date": (DAY, None),
    "satisfaction_score": (SCORE, None),
    "lifetime_value": (MONEY,),
    "payment_status": (re.compile("current|overdue|pending"),),
    "notes": (str, None),
    "created_at": (INSTANT,),
    "updated_at": (INSTANT,),
}
LISTED_OWNER: Shape = {**OWNER, "payout_count": (COUNT,), "total_payouts": (MONEY, None)}

PAYOUT: Shape = {
    "id": (int,),
    "payout_code": (re.compile(r"PAY-[0-9]{3,}"),),
    "owner_id": (int,),
    "contract_id": (int, None),
    "period_start": (DAY,),
    "period_end": (DAY,),
    "gross_revenue": (MONEY,),
    "deductions": (MONEY,),
    "net_amount": (MONEY,),
    "status": (re.compile("pending|approved|processing|paid|failed|cancelled|rejected|reversed"),),
    "payment_method": (re.compile("bank_transfer|cheque|mobile_money"),),
    "payment_reference": (TEXT,),
    "bank_name": (TEXT, None),
    "account_number": (TEXT, None),
    "account_name": (TEXT, None),
    "approved_by": (TEXT, None),
    "approved_at": (INSTANT, None),
    "paid_at": (INSTANT, None),
    "notes": (str, None),
    "created_at": (INSTANT,),
    "updated_at": (INSTANT,),
}


def wrong_in(row: Mapping[str, Any], shape: Shape) -> dict[str, object]:
    """What is missing or has another form; more keys than the contract names are allowed."""
    return {
        name: row.get(name, "missing")
        for name, forms in shape.items()
        if name not in row or not any(_has_form(row[name], form) for form in forms)
    }


def _has_form(value: object, form: Form) -> bool:
    if isinstance(form, re.Pattern):
        return isinstance(value, str) and form.fullmatch(value) is not None
    # Booleans are integers to Python and not on the wire.
    return value is None if form is None else type(value) is form
