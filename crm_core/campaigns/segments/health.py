"""Who is chosen by health, also by way of another campaign that they took part in."""

from sqlalchemy import BigInteger, ColumnElement, literal_column, select, text
from sqlalchemy.orm import Session

from crm_core.campaigns.models import Campaign
from crm_core.campaigns.segments.schemas import FIELDS, Criteria, SegmentField
from crm_core.people.schemas import Actor, Permission


def require_choice(session: Session, criteria: Criteria, *, actor: Actor) -> None:
    """Raises ``Forbidden`` where the actor may not choose patients like this, nor see them."""
    if actor.may(Permission.SENSITIVE_READ):
        return
    criteria.require(actor)
    named = criteria.campaigns()
    if named and session.execute(_AMONG, {"named": sorted(named)}).scalar_one():
        actor.require(Permission.SENSITIVE_READ)


_HEALTH = " || ".join(f'@.field == "{name}"' for name, spec in FIELDS.items() if spec.sensitive)
# Words of our own alone. A campaign is among them, too, that names one of them.
_CHOSEN_BY_HEALTH = f"""
    WITH RECURSIVE chosen (id) AS (
        SELECT id FROM crm_campaigns WHERE jsonb_path_exists(segment_criteria, '$.** ? ({_HEALTH})')
        UNION
        SELECT c.id FROM chosen JOIN crm_campaigns c ON jsonb_path_exists(c.segment_criteria,
            '$.** ? (@.field == "{SegmentField.CAMPAIGN}").value[*] ? (@ == $id)',
            jsonb_build_object('id', chosen.id)))
    SELECT id FROM chosen
"""  # noqa: S608 (see above)
_AMONG = text(
    f"SELECT EXISTS (SELECT FROM ({_CHOSEN_BY_HEALTH}) AS c WHERE id = ANY (:named))"  # noqa: S608 (as above)
)
NOT_BY_HEALTH: ColumnElement[bool] = Campaign.id.not_in(
    select(literal_column("id", BigInteger)).select_from(text(f"({_CHOSEN_BY_HEALTH}) AS chosen"))
)
"""Whether a campaign chose nobody by health: for lists of the people of many."""
