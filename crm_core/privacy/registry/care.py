"""What is kept and erased of a patient, their loyalty, visits and feedback."""

from crm_core.privacy.registry.words import (
    CARE,
    CLOCK,
    EMPTY,
    MONEY,
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

_OF_PATIENT = "patient_id = ANY(:ids)"
_VISITS = "SELECT id FROM crm_appointments WHERE patient_id = ANY(:ids)"
_OFFERS = (
    "SELECT o.id FROM crm_slot_offers o JOIN crm_waitlist w ON w.id = o.waitlist_id"
    " WHERE w.patient_id = ANY(:ids)"
)
_REPLIES = "SELECT id FROM crm_inbound_messages WHERE patient_id = ANY(:ids)"
_PIECES = "SELECT id FROM crm_feedback WHERE patient_id = ANY(:ids)"

PATIENT = Held(
    "crm_patients",
    "id = ANY(:ids)",
    {
        "first_name": Erased("'Erased'"),
        "last_name": Erased("'person'"),
        **all_of(EMPTY, "phone address city"),
        **all_of(NOTHING, "middle_name email alternate_phone blood_group genotype lga"),
        **all_of(NOTHING, "nin_encrypted nin_hash nin_last4 nhis_number"),
        **all_of(NOTHING, "emergency_contact_name emergency_contact_phone"),
        "emergency_contact_relationship": NOTHING,
        **all_of(Erased("'{}'"), "allergies chronic_conditions"),
        "date_of_birth": Erased("make_date(extract(year FROM date_of_birth)::int, 1, 1)"),
        "communication_preferences": Erased(
            "(SELECT jsonb_object_agg(key, false)"
            " FROM jsonb_object_keys(communication_preferences) AS key)"
        ),
        "consent_source": Erased("'erased'"),
        "referral_code": Erased("crm_referral_code()"),
        "status": Erased("'inactive'"),
        "erased_at": Erased("now()"),
        # The record leads to itself, as a withdrawn one: no list, search or count has it.
        "merged_into_id": Erased("CAST(:stays AS bigint)"),
        "withdrawn_at": Erased("CASE WHEN id = :stays THEN coalesce(withdrawn_at, now()) END"),
        "search": Kept("worked out from the names"),
        **all_of(Kept(PSEUDONYM), "id patient_code referred_by_id"),
        **all_of(Kept(STATISTICS), "gender state preferred_hospital_id registration_date"),
        **all_of(Kept(CARE), "last_visit_date visit_count"),
        **all_of(Kept(CLOCK), "consent_at created_at updated_at version"),
    },
)
LOYALTY = (
    Held(
        "crm_loyalty_accounts",
        "id = ANY(:ids)",
        {
            "tier_reason": Erased("'erased'"),
            "tier_held": Erased("false"),
            **all_of(Kept(MONEY), "id balance owed tier review_on first_visit_on merged"),
        },
    ),
    Held(
        "crm_loyalty_transactions",
        _OF_PATIENT,
        {
            "description": WORDS,
            **all_of(Kept(MONEY), "id patient_id transaction_type points balance_after rule"),
            **all_of(Kept(MONEY), "expiry_date counts_for_tier created_at"),
            **all_of(Kept("which row or visit it was for, by number"), "reference_type"),
            "reference_id": Kept("which row or visit it was for, by number"),
            "who": Kept(STAFF),
        },
    ),
    Held(
        # A lot has the number of the row that earned it, and the ledger is indexed by patient.
        "crm_loyalty_lots",
        f"id IN (SELECT id FROM crm_loyalty_transactions WHERE {_OF_PATIENT})",  # noqa: S608 # our own words
        all_of(Kept(MONEY), "id patient_id points remaining earned_on expires_on"),
    ),
    Held(
        "crm_loyalty_tier_movements",
        _OF_PATIENT,
        {
            "cause": WORDS,
            **all_of(Kept(STATISTICS), "id patient_id old_tier new_tier created_at rose"),
        },
    ),
    Held(
        "crm_redemptions",
        _OF_PATIENT,
        {
            "description": WORDS,
            **all_of(Kept(MONEY), "id patient_id reward_id points transaction_id created_at"),
            "cancelled_at": Kept(MONEY),
        },
    ),
    Held(
        "crm_patient_merges",
        "stays_id = ANY(:ids) OR gone_id = ANY(:ids)",
        {
            "before": Erased("'{}'"),
            **all_of(Kept(PSEUDONYM), "id stays_id gone_id receipt_id last_row_id"),
            **all_of(Kept(CLOCK), "first_visit_on created_at undone_at"),
        },
    ),
)
VISITS = (
    Held(
        "crm_appointments",
        _OF_PATIENT,
        {
            **all_of(WORDS, "reason notes override_reason cancellation_reason"),
            **all_of(Kept(CARE), "id appointment_code patient_id hospital_id department_id"),
            **all_of(Kept(CARE), "doctor_id starts_at duration_minutes ends_at type walk_in"),
            **all_of(Kept(STATE), "status previous_status overlap_accepted version"),
            **all_of(Kept(CLOCK), "status_changed_at booked_at confirmed_at checked_in_at"),
            **all_of(Kept(CLOCK), "started_at completed_at cancelled_at visit_before"),
            **all_of(Kept(CLOCK), "created_at updated_at"),
            "merged_from_id": Kept(PSEUDONYM),
            "created_by": Kept(STAFF),
        },
    ),
    Held(
        "crm_appointment_notices",
        f"appointment_id IN ({_VISITS})",
        {
            "address": NOTHING,
            **all_of(Kept(CARE), "id appointment_id kind starts_at outcome skip_reason"),
            **all_of(Kept(CARE), "message_id answer answered_by answered_at created_at"),
        },
    ),
    Held(
        "crm_appointment_answers",
        # From a number that several have: whose answer it was nobody knows.
        f"appointment_id IN ({_VISITS}) OR offer_id IN ({_OFFERS}) OR inbound_id IN ({_REPLIES})"
        " OR appointment_id IS NULL AND offer_id IS NULL AND sender = ANY(:addresses)",
        {
            **all_of(EMPTY, "sender said"),
            **all_of(Kept(CARE), "id inbound_id meaning outcome appointment_id candidates"),
            **all_of(Kept(CARE), "offer_id offer_candidates settled_as"),
            **all_of(Kept(CLOCK), "settled_at created_at"),
            "settled_by": Kept(STAFF),
        },
    ),
    Held(
        "crm_waitlist",
        _OF_PATIENT,
        {
            "notes": WORDS,
            **all_of(Kept(CARE), "id patient_id hospital_id department_id doctor_id type"),
            **all_of(Kept(CARE), "duration_minutes from_day to_day status appointment_id"),
            "merged_from_id": Kept(PSEUDONYM),
            "created_by": Kept(STAFF),
            "created_at": Kept(CLOCK),
        },
    ),
    Held(
        "crm_slot_offers",
        f"id IN ({_OFFERS})",
        {
            "address": NOTHING,
            **all_of(Kept(CARE), "id waitlist_id freed_by_id hospital_id doctor_id starts_at"),
            **all_of(Kept(CARE), "duration_minutes status message_id skip_reason answered_by"),
            **all_of(Kept(CLOCK), "opens_at expires_at answered_at created_at"),
        },
    ),
)
FEEDBACK = (
    Held(
        "crm_feedback",
        _OF_PATIENT,
        {
            "subject": WORDS,
            "message": Erased("CASE WHEN message = '' THEN '' ELSE '[erased]' END"),
            "resolution": WORDS,
            "alarm_words": Erased("'{}'"),
            "search": Kept("worked out from code, subject and message"),
            **all_of(Kept(PSEUDONYM), "id feedback_code patient_id source_type source_id"),
            **all_of(Kept(STATISTICS), "owner_id staff_id hospital_id department_id"),
            **all_of(Kept(STATISTICS), "about_staff_id visit_id type category rating nps"),
            **all_of(Kept(STATISTICS), "satisfaction_rating suggestion_state reopenings"),
            **all_of(Kept(STATE), "status priority severity priority_held assigned_to"),
            **all_of(Kept(STATE), "merged_into_id version created_by"),
            **all_of(Kept(CLOCK), "resolved_at response_from responded_at response_due_at"),
            **all_of(Kept(CLOCK), "resolution_due_at due_at minutes_left clock_basis"),
            **all_of(Kept(CLOCK), "response_minutes response_late resolution_minutes"),
            **all_of(Kept(CLOCK), "resolution_late escalated_at escalated_for reminded_for"),
            **all_of(Kept(CLOCK), "created_at updated_at"),
        },
    ),
    Held(
        "crm_feedback_entries",
        f"feedback_id IN ({_PIECES})",
        {
            "body": WORDS,
            **all_of(Kept("states and names of staff"), "old_value new_value"),
            **all_of(Kept(STATE), "id feedback_id kind channel communication_id"),
            **all_of(Kept(STAFF), "who who_name"),
            "created_at": Kept(CLOCK),
        },
    ),
    Held(
        "crm_feedback_invitations",
        _OF_PATIENT,
        {
            "expires_at": Erased("least(expires_at, now())"),
            **all_of(Kept(STATISTICS), "id kind patient_id owner_id staff_id visit_id"),
            **all_of(Kept(STATISTICS), "hospital_id department_id feedback_id"),
            **all_of(Kept(CLOCK), "answered_at created_at"),
        },
    ),
)
