"""What became of everybody, as a file to take away."""

from sqlalchemy.orm import Session

from crm_core.insights.exports import Format, open_list_export
from crm_core.people.schemas import Role
from tests.make import make_actor
from tests.make_campaigns import make_launched
from tests.make_patients import make_patient


def test_outcomes_are_taken_away_without_the_names(session: Session) -> None:
    patient = make_patient(session)
    campaign = make_launched(session)
    session.commit()

    wanted = {"campaign_id": str(campaign.id), "outcome": "queued"}
    export = open_list_export("recipients", Format.CSV, wanted, actor=make_actor(Role.ANALYST))

    header, line = b"".join(export.chunks()).decode().strip().splitlines()
    assert {"code", "outcome", "channels", "converted"} <= set(header.split(","))
    assert "name" not in header.split(",")
    assert patient.patient_code in line
    assert "queued" in line
