"""Which column of a file is which field of a patient: suggested from its name, or said."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.base.errors import Invalid


@dataclass(frozen=True)
class Target:
    """A field that a column may fill: what people call it, and how files spell it."""

    label: str
    spellings: tuple[str, ...] = ()
    required: bool = False


TARGETS: dict[str, Target] = {
    "first_name": Target(
        "First name", ("firstname", "givenname", "forename", "othernames", "fname"), required=True
    ),
    "last_name": Target("Last name", ("lastname", "surname", "familyname", "lname"), required=True),
    "middle_name": Target("Middle name", ("middlename", "mname", "othername")),
    "phone": Target(
        "Phone",
        (
            "phone",
            "phonenumber",
            "phoneno",
            "mobile",
            "mobilenumber",
            "mobileno",
            "telephone",
            "tel",
            "gsm",
            "gsmnumber",
            "msisdn",
            "contactnumber",
            "cell",
        ),
        required=True,
    ),
    "alternate_phone": Target(
        "Alternate phone",
        ("alternatephone", "phone2", "otherphone", "secondphone", "alternativephone", "altphone"),
    ),
    "email": Target("Email", ("email", "emailaddress", "mail")),
    "date_of_birth": Target(
        "Date of birth", ("dateofbirth", "dob", "birthdate", "born", "birthday"), required=True
    ),
    "gender": Target("Sex", ("gender", "sex"), required=True),
    "blood_group": Target("Blood group", ("bloodgroup", "bloodtype")),
    "genotype": Target("Genotype", ("genotype", "hbgenotype")),
    "address": Target(
        "Address",
        (
            "address",
            "homeaddress",
            "street",
            "residentialaddress",
            "contactaddress",
            "streetaddress",
        ),
        required=True,
    ),
    "city": Target("City", ("city", "town", "citytown", "towncity"), required=True),
    "state": Target("State", ("state", "stateofresidence", "residentialstate"), required=True),
    "lga": Target("Local government area", ("lga", "localgovernment", "localgovernmentarea")),
    "nin": Target("NIN", ("nin", "nationalid", "nationalidentitynumber", "ninnumber")),
    "nhis_number": Target("NHIS number", ("nhis", "nhisnumber", "nhisno", "nhia", "nhianumber")),
    "preferred_hospital_id": Target(
        "Preferred hospital",
        ("preferredhospital", "preferredhospitalid", "hospital", "facility", "hospitalid"),
    ),
    "emergency_contact_name": Target(
        "Emergency contact",
        (
            "emergencycontactname",
            "emergencycontact",
            "nextofkin",
            "nextofkinname",
            "nok",
            "nokname",
        ),
    ),
    "emergency_contact_phone": Target(
        "Emergency contact's phone",
        (
            "emergencycontactphone",
            "nextofkinphone",
            "nokphone",
            "emergencyphone",
            "emergencycontactnumber",
            "nextofkinnumber",
        ),
    ),
    "emergency_contact_relationship": Target(
        "Emergency contact's relationship",
        (
            "emergencycontactrelationship",
            "relationship",
            "nextofkinrelationship",
            "nokrelationship",
        ),
    ),
    "allergies": Target("Allergies", ("allergies", "allergy")),
    "chronic_conditions": Target(
        "Chronic conditions", ("chronicconditions", "conditions", "chroniccondition")
    ),
    "communication_preferences.sms": Target("SMS agreed", ("sms", "smsconsent", "smsagreed")),
    "communication_preferences.email": Target(
        "Email agreed", ("emailconsent", "emailagreed", "emailoptin")
    ),
    "communication_preferences.whatsapp": Target(
        "WhatsApp agreed", ("whatsapp", "whatsappconsent", "whatsappagreed")
    ),
    "communication_preferences.push": Target("Push agreed", ("push", "pushconsent")),
    "consent_source": Target("Source of consent", ("consentsource", "sourceofconsent")),
    "referral_code": Target("Referral code", ("referralcode", "referredby", "referrercode")),
}


def check_header(header: Sequence[str]) -> list[str]:
    """The names, trimmed; every column that has one has it alone."""
    names = [name.strip() for name in header]
    if not any(names):
        raise Invalid.field("file", "The first line must name the columns.")
    for name in names:
        if name and names.count(name) > 1:
            raise Invalid.field(
                "file", f"Two columns are called “{name[:60]}”: rename or remove one of them."
            )
    return names


def suggest(header: Sequence[str]) -> dict[str, str]:
    """Field → column, by the columns' names in any usual spelling; the first of two wins."""
    known = {spelling: field for field, target in TARGETS.items() for spelling in target.spellings}
    suggested: dict[str, str] = {}
    for name in header:
        field = known.get(_key(name))
        if field is not None:
            suggested.setdefault(field, name)
    return suggested


def choose(header: Sequence[str], given: Mapping[str, str] | None) -> dict[str, str]:
    """What was said about the columns, over what their names suggest.

    An empty name leaves a field out.

    Raises:
        Invalid: no such field or column, one column for two fields, or a required field without.
    """
    given = given or {}
    for field, name in given.items():
        if field not in TARGETS:
            raise Invalid.field("mapping", f"A patient has no field “{field[:60]}”.")
        if name and name not in header:
            raise Invalid.field("mapping", f"The file has no column “{name[:60]}”.")
    # A column that was claimed for one field is no longer suggested for another.
    claimed = set(given.values())
    free = {field: name for field, name in suggest(header).items() if name not in claimed}
    chosen = {field: name for field, name in (free | dict(given)).items() if name}
    _check_whole(chosen)
    return chosen


def _check_whole(chosen: Mapping[str, str]) -> None:
    missing = [
        target.label for field, target in TARGETS.items() if target.required and field not in chosen
    ]
    if missing:
        raise Invalid.field(
            "mapping", f"No column for: {', '.join(missing)}. Say which of the file's it is."
        )
    for name in chosen.values():
        fields = [TARGETS[field].label for field in chosen if chosen[field] == name]
        if len(fields) > 1:
            raise Invalid.field(
                "mapping", f"“{name[:60]}” cannot be both {' and '.join(fields)}: choose one."
            )


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
