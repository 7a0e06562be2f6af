"""What is kept and erased of messages, campaigns, imports, and of traces in other places."""

from crm_core.privacy.registry.words import (
    CLOCK,
    EMPTY,
    NOTHING,
    PSEUDONYM,
    STAFF,
    STATE,
    STATISTICS,
    WORDS,
    Erased,
    Held,
    Kept,
    all_of,
)

_MESSAGES = """
    SELECT id FROM crm_communication_logs
    WHERE recipient_type = 'patient' AND recipient_id = ANY(:ids)
"""
_RUNS = """
    SELECT r.id FROM crm_campaign_runs r JOIN crm_campaigns c ON c.id = r.campaign_id
    WHERE c.target_audience <> 'all_owners'
"""
_ANSWERED = Kept("that a right was asked for, and answered")
_OF_RUNS = f"run_id IN ({_RUNS}) AND person_id = ANY(:ids)"

MESSAGES = (
    Held(
        "crm_communication_logs",
        "recipient_type = 'patient' AND recipient_id = ANY(:ids)",
        {
            **all_of(NOTHING, "subject content fields error_message metadata"),
            # That there was an address is part of the fact that it was sent.
            "address": Erased("CASE WHEN address IS NOT NULL THEN '' END"),
            # A provider's number of a message may hold the telephone's.
            "provider_id": NOTHING,
            **all_of(Kept(PSEUDONYM), "id recipient_type recipient_id batch_id campaign_id"),
            **all_of(Kept(PSEUDONYM), "template_id reference_type reference_id dedupe_key"),
            **all_of(Kept(STATISTICS), "channel purpose message_type attempts parts cost"),
            **all_of(Kept(STATE), "status reason provider"),
            **all_of(Kept(CLOCK), "created_at updated_at expires_at sent_at delivered_at"),
            "read_at": Kept(CLOCK),
            "who": Kept(STAFF),
        },
    ),
    Held(
        "crm_inbound_messages",
        "patient_id = ANY(:ids) OR patient_id IS NULL AND sender = ANY(:addresses)",
        {
            **all_of(EMPTY, "sender text"),
            "provider_id": Erased("'erased-' || id"),
            **all_of(Kept(PSEUDONYM), "id answers_id patient_id"),
            **all_of(Kept(STATISTICS), "channel provider outcome"),
            **all_of(Kept(CLOCK), "received_at handled_at"),
        },
    ),
    Held(
        "crm_contact_choices",
        "recipient_type = 'patient' AND recipient_id = ANY(:ids)",
        {
            "source": WORDS,
            **all_of(Kept(PSEUDONYM), "id recipient_type recipient_id"),
            **all_of(Kept("proof of what was agreed to"), "channel purpose opted_out created_at"),
        },
    ),
    Held(
        # An address that somebody else has, too, stays closed for them. OFFSET: the few are found
        # first, and only for them others are looked for.
        "crm_suppressed_addresses",
        "id IN (SELECT s.id FROM (SELECT id, address FROM crm_suppressed_addresses"  # noqa: S608 # our own words
        f" WHERE address = ANY(:addresses) OR message_id IN ({_MESSAGES}) OFFSET 0) AS s"
        " WHERE NOT EXISTS ("
        " SELECT FROM crm_patients o WHERE o.merged_into_id IS NULL AND o.id <> ALL(:ids)"
        " AND (o.phone = s.address OR lower(o.email) = lower(s.address))))",
        {
            "address": Erased("'erased-' || id"),
            "reason": WORDS,
            "lifted_at": Erased("coalesce(lifted_at, now())"),
            **all_of(Kept(STATISTICS), "id channel message_id created_at"),
        },
    ),
    Held(
        "crm_early_receipts",
        f"message_id IN ({_MESSAGES})",
        {
            "receipt": Erased("'{}'"),
            "provider_id": Erased("'erased-' || id"),
            **all_of(Kept(STATE), "id provider message_id created_at"),
        },
    ),
)
CAMPAIGNS = (
    Held(
        "crm_campaign_recipients",
        _OF_RUNS,
        all_of(Kept(PSEUDONYM), "run_id person_id outcome sms email whatsapp push call"),
    ),
    Held(
        "crm_campaign_conversions",
        _OF_RUNS,
        all_of(Kept(PSEUDONYM), "run_id person_id control happened_at"),
    ),
    Held(
        "crm_campaign_lists",
        "campaign_id IN (SELECT id FROM crm_campaigns WHERE target_audience <> 'all_owners')"
        " AND person_id = ANY(:ids)",
        all_of(Kept(PSEUDONYM), "id campaign_id person_id"),
    ),
)
IMPORTS = (
    Held(
        "crm_patient_import_rows",
        "patient_id = ANY(:ids) OR patient_id IS NULL AND verdict <> 'ok' AND ("
        "phone = ANY(:addresses) OR lower(email) = ANY(:addresses) OR nin_hash = ANY(:nins))",
        {
            **all_of(NOTHING, "cells data name born phone email nin_encrypted nin_hash"),
            **all_of(NOTHING, "nin_last4 referral_code"),
            **all_of(WORDS, "label reason"),
            **all_of(Kept(PSEUDONYM), "id import_id line patient_id referred_by_id"),
            **all_of(Kept(STATE), "verdict code"),
        },
    ),
)
REQUESTS = (
    Held(
        "crm_erasures",
        "patient_id = ANY(:ids) AND state = 'refused'",
        {
            **all_of(EMPTY, "reason refusal"),
            **all_of(_ANSWERED, "id patient_id asked_by state asked_on due_on counts version"),
            **all_of(Kept(STAFF), "requested_by requested_by_name decided_by decided_by_name"),
            **all_of(Kept(CLOCK), "requested_at decided_at done_at"),
        },
    ),
)
