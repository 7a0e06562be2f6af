"""Examples for the API's documentation, by the name of the schema that they are of.

They are people and payouts of the sample data, so that a reader can try them as they stand.
"""

from typing import Any

_VERDICT = {
    "id": 3,
    "label": "PAY-003 · Emeka Nwankwo · ₦3,150,000.00",
    "ok": True,
    "code": "approve",
    "reason": "Will be approved.",
}
_FINGERPRINT = "q1Zr0b5w"
_OWNER = {
    "id": 1,
    "owner_code": "OWN-001",
    "first_name": "Adebayo",
    "last_name": "Ogundimu",
    "email": "adebayo.ogundimu@lagoshospital.ng",
    "phone": "+2348012345678",
    "nin": "*******0001",
    "hospital_id": 1,
    "status": "active",
    "onboarding_date": "2026-05-01",
    "last_contact_date": "2026-10-26",
    "satisfaction_score": "4.50",
    "lifetime_value": "50000000.00",
    "payment_status": "current",
    "notes": "Prefers a call before noon.",
    "version": 3,
    "created_at": "2026-05-01T08:00:00Z",
    "updated_at": "2026-10-26T09:30:00Z",
    "payout_count": "1",
    "total_payouts": "4500000.00",
}
_PAYOUT = {
    "id": 3,
    "payout_code": "PAY-003",
    "owner_id": 3,
    "owner_code": "OWN-003",
    "owner_name": "Emeka Nwankwo",
    "contract_id": 3,
    "period_start": "2026-10-01",
    "period_end": "2026-10-31",
    "due_on": "2026-11-14",
    "gross_revenue": "3500000.00",
    "deductions": "350000.00",
    "net_amount": "3150000.00",
    "status": "pending",
    "status_reason": None,
    "payment_method": "bank_transfer",
    "payment_reference": "crm-0d3c4a59be6f4c2f8f0a4de0a3a0f2b7",
    "bank_reference": None,
    "bank_code": "057",
    "bank_name": "Zenith Bank",
    "account_number": "******8901",
    "account_name": "Emeka Nwankwo",
    "nuban_ok": True,
    "approvals": 0,
    "approvals_needed": 1,
    "approved_by": None,
    "approved_at": None,
    "paid_at": None,
    "file_id": None,
    "notes": None,
    "created_by": "staff:1",
    "version": 1,
    "created_at": "2026-11-02T08:15:00Z",
    "updated_at": "2026-11-02T08:15:00Z",
}
_PAYMENT_LINE = {
    "payment_reference": "crm-0d3c4a59be6f4c2f8f0a4de0a3a0f2b7",
    "bank_reference": "NIP/2611/000321",
    "amount": "3150000.00",
}

_CRITERIA = {
    "version": 1,
    "match": "all",
    "conditions": [
        {"field": "age", "operator": "at_least", "value": 40},
        {
            "match": "any",
            "conditions": [
                {"field": "state", "operator": "is_any_of", "value": ["Lagos", "Oyo"]},
                {"field": "last_visit", "operator": "longer_ago_than_days", "value": 180},
            ],
        },
    ],
}
EXAMPLES: dict[str, dict[str, Any]] = {
    # What is sent.
    "OwnerCreate": {
        "first_name": "Halima",
        "last_name": "Bello",
        "email": "halima.bello@kanoclinic.ng",
        "phone": "0806 123 4567",
        "notes": "Met at the Kano conference.",
    },
    "OwnerUpdate": {"phone": "0805 555 1234", "notes": "Prefers e-mail.", "version": 3},
    "PayoutCreate": {
        "owner_id": 3,
        "period_start": "2026-09-01",
        "period_end": "2026-09-30",
        "gross_revenue": "3500000.00",
        "deductions": "350000.00",
        "net_amount": "3150000.00",
        "bank_name": "First Bank",
        "account_number": "0000014579",
        "account_name": "Emeka Nwankwo",
        "payment_method": "bank_transfer",
        "notes": "September",
    },
    "PayoutUpdate": {
        "gross_revenue": "3600000.00",
        "deduction_items": [
            {"kind": "withholding_tax", "description": "Withholding tax", "amount": "360000.00"}
        ],
        "version": 1,
    },
    "Approval": {"override_reason": "The bank confirmed the account by phone."},
    "Because": {"reason": "The period is of another month."},
    "Payment": {"bank_reference": "NIP/2611/000321"},
    "Settlement": {
        "outcome": "paid",
        "bank_reference": "NIP/2611/000321",
        "reason": "Found on the statement of 5 November.",
    },
    "Why": {"reason": "The bank asks for the whole number."},
    "Selection": {"ids": [3, 4]},
    "ApprovalSelection": {"ids": [3, 4]},
    "Commit": {"ids": [3, 4], "fingerprint": _FINGERPRINT},
    "ApprovalCommit": {"ids": [3, 4], "fingerprint": _FINGERPRINT},
    "RejectionCommit": {"ids": [3, 4], "fingerprint": _FINGERPRINT, "reason": "Wrong month"},
    "UndoCommit": {"ids": [3, 4], "fingerprint": _FINGERPRINT, "receipt_id": 1},
    "MonthPlan": {"month": "2026-10-01"},
    "MonthCommit": {"month": "2026-10-01", "fingerprint": _FINGERPRINT},
    "PaymentPlan": {"lines": [_PAYMENT_LINE]},
    "PaymentCommit": {"lines": [_PAYMENT_LINE], "fingerprint": _FINGERPRINT},
    # What is answered.
    "ContractCreate": {
        "owner_id": 1,
        "hospital_id": 1,
        "revenue_share_percent": "40.00",
        "minimum_guarantee": "3000000.00",
        "start_date": "2027-01-01",
        "end_date": "2028-12-31",
    },
    "Renewal": {"end_date": "2029-12-31"},
    "AccountChange": {
        "bank_name": "First Bank",
        "account_number": "0000014579",
        "account_name": "Adebayo Ogundimu",
    },
    "SurveyCreate": {"score": "4.50", "nps": 9, "comment": "Payouts come on time."},
    "ContactCreate": {"channel": "call", "summary": "Asked when the new theatre opens."},
    "HospitalCreate": {"name": "Ibadan General", "city": "Ibadan", "state": "Oyo"},
    "RevenueRecord": {"hospital_id": 1, "month": "2026-10-01", "gross_revenue": "12500000.00"},
    "PatientCreate": {
        "first_name": "Ngozi",
        "last_name": "Eze",
        "phone": "0806 789 0199",
        "date_of_birth": "1995-12-10",
        "gender": "female",
        "address": "22 Ogui Road",
        "city": "Enugu",
        "state": "Enugu",
        "lga": "Enugu North",
    },
    "PatientUpdate": {"phone": "0805 555 1234", "version": 1},
    "StatusChange": {"status": "inactive", "reason": "Moved abroad"},
    "TierChange": {"tier": "gold", "reason": "Agreed with the hospital"},
    "Earn": {
        "points": 50,
        "description": "Attended a health talk",
        "reference_type": "event",
        "reference_id": "talk-2026-11",
    },
    "Redeem": {"points": 100, "description": "Blood pressure check"},
    "Adjustment": {"points": -20, "reason": "Given twice by mistake"},
    "RewardCreate": {"name": "Free consultation", "cost": 400, "stock": 20},
    "FeedbackCreate": {
        "source_type": "patient",
        "source_id": 2,
        "type": "complaint",
        "message": "I waited for three hours before anybody spoke to me.",
        "hospital_id": 1,
        "category": "Waiting time",
        "rating": 2,
    },
    "FeedbackUpdate": {"priority": "high", "category": "Waiting time", "version": 1},
    "FeedbackAssignment": {"staff_id": 1},
    "FeedbackReply": {"content": "We are sorry. Which day was it?", "channel": "sms"},
    "FeedbackNote": {"content": "The second one this week."},
    "Resolution": {"resolution": "Two more nurses are at the desk from Monday."},
    "FeedbackReason": {"reason": "We asked which day it was."},
    "FeedbackMerge": {"duplicate_id": 4},
    "SuggestionOutcome": {"state": "planned", "note": "The chairs come in March."},
    "Invitation": {"source_type": "patient", "source_id": 2, "visit_id": 7, "hospital_id": 1},
    "CampaignCreate": {
        "name": "Free blood pressure checks",
        "type": "promotional",
        "target_audience": "specific_segment",
        "segment_criteria": _CRITERIA,
        "channels": ["sms"],
        "message_template": "Dear {first_name}, have your blood pressure checked free of charge"
        " at {hospital} on Friday. Reply STOP to opt out.",
        "goal": "visit_completed",
    },
    "CampaignUpdate": {"control_percent": 5, "version": 1},
    "Criteria": _CRITERIA,
    "Rejection": {"note": "Name the day of the talk"},
    "Schedule": {"scheduled_date": "2027-01-15T08:00:00Z"},
    "AudienceList": {"entries": ["PAT-001", "0805 678 9012"]},
    "OwnerRead": _OWNER,
    "OwnerStats": {
        "totalOwners": 3,
        "activeOwners": 3,
        "inactiveOwners": 0,
        "averageSatisfaction": "4.50",
        "totalLifetimeValue": 160000000,
        "paymentStats": {"current": 2, "overdue": 1, "pending": 0},
    },
    "PayoutRead": _PAYOUT,
    "PayoutStats": {
        "statuses": [{"status": "pending", "count": 1, "net_amount": "3150000.00"}],
        "overdue_count": 1,
        "overdue_net": "3060000.00",
        "paid_this_month": "4500000.00",
        "paid_last_month": "0.00",
    },
    "Plan": {
        "fingerprint": _FINGERPRINT,
        "verdicts": [_VERDICT],
        "totals": {"count": "1", "net_amount": "3150000.00", "final": "1", "refused": "0"},
    },
    "Receipt": {"receipt_id": 1, "changed": 1, "refused": []},
    "FileRead": {
        "id": 1,
        "file_code": "BANK-001",
        "payout_count": 1,
        "control_total": "3150000.00",
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "created_by": "staff:1",
        "created_at": "2026-11-03T10:00:00Z",
        "paid": 0,
        "open": 1,
    },
    "Pagination": {"total": 3, "page": 1, "pages": 1, "estimated": False, "next_cursor": None},
}
STATEMENT = (
    "Date,Narration,Debit,Bank Reference\n"
    '2026-11-05,TRF crm-0d3c4a59be6f4c2f8f0a4de0a3a0f2b7,"3,150,000.00",NIP/2611/000321\n'
)

IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again within a day with the same body, the first answer is given again "
    "and nothing is done twice; another body is refused with 409."
    " Such as `payout-2026-09-OWN-003`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}
REASON = {
    "name": "X-Reason",
    "in": "header",
    "description": "Why this is done, for the history. Such as `month end`.",
    "schema": {"type": "string", "maxLength": 500},
}

FAILURES = {
    "401": "Send your API token in the header 'Authorization: Bearer …'.",
    "403": "The maker of a payout cannot approve it: ask another approver.",
    "404": "Payout not found",
    "409": "PAY-001 is paid: only a pending one is approved.",
    "413": "The body is too large: send at most 1,000,000 bytes.",
    "429": "Too many requests: try again in 3 s.",
    "503": "The database does not answer: try again shortly.",
}
