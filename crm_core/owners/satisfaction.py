"""How content owners are: surveys and stars make the score, whose history is kept."""

from collections.abc import Sequence

from sqlalchemy import delete, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.owners.models import Owner, OwnerRating, OwnerSurvey
from crm_core.owners.schemas import OwnerRatingCreate, SurveyCreate, SurveyRead
from crm_core.people.schemas import Actor, Permission


def record_survey(
    session: Session, owner_id: int, data: SurveyCreate, *, actor: Actor
) -> SurveyRead:
    """Keeps an owner's answer and brings the satisfaction score up to date."""
    actor.require(Permission.OWNERS_WRITE)
    lock_owner(session, owner_id)
    survey = OwnerSurvey(
        owner_id=owner_id, recorded_by=actor.name, **data.model_dump(exclude_none=True)
    )
    session.add(survey)
    session.flush()
    session.refresh(survey)
    # A survey entered late also changes how the score stood in the meantime.
    session.execute(_REWRITE_SCORES, {"owner_id": owner_id, "day": survey.surveyed_on})
    refresh_satisfaction(session, [owner_id])
    return SurveyRead.model_validate(survey)


def record_rating(session: Session, owner_id: int, data: OwnerRatingCreate) -> None:
    """Counts stars that the owner gave; a second rating from the same source corrects the first.

    The command in which they were given has checked who may record them.
    """
    lock_owner(session, owner_id)
    values = data.model_dump(exclude_none=True)
    stated = insert(OwnerRating).values(owner_id=owner_id, **values)
    session.execute(
        stated.on_conflict_do_update(
            index_elements=["source"], set_={"score": data.score, "topic": data.topic}
        )
    )
    refresh_satisfaction(session, [owner_id])


def withdraw_ratings(session: Session, owner_id: int, sources: Sequence[str]) -> None:
    """Takes ratings back that turned out to be said twice."""
    lock_owner(session, owner_id)
    session.execute(
        delete(OwnerRating).where(OwnerRating.owner_id == owner_id, OwnerRating.source.in_(sources))
    )
    refresh_satisfaction(session, [owner_id])


def refresh_satisfaction(session: Session, owner_ids: Sequence[int] | None = None) -> int:
    """Recomputes scores (of all owners at night, as old surveys drop out); gives how many moved."""
    session.execute(
        select(Owner.id)
        .where(true() if owner_ids is None else Owner.id.in_(owner_ids))
        .order_by(Owner.id)
        .with_for_update(key_share=True)
    )
    moved = session.execute(_SATISFACTION, {"ids": owner_ids and list(owner_ids)}).all()
    return len(moved)


def lock_owner(session: Session, owner_id: int) -> Owner:
    """The owner as they are now, locked; ``NotFound`` where there is none."""
    # The database counts the version, so an object that this session already holds may be stale.
    owner = session.get(
        Owner, owner_id, with_for_update={"key_share": True}, populate_existing=True
    )
    if owner is None:
        raise NotFound("Owner not found")
    return owner


_SATISFACTION = text(
    """
    WITH wanted AS (
        SELECT o.id, o.satisfaction_score AS old, round(avg(m.score), 2) AS new
        FROM crm_owners o
        LEFT JOIN LATERAL crm_owner_marks(o.id) m
            ON m.day > crm_lagos_today() - make_interval(months => (
                SELECT value::int FROM crm_parameters WHERE name = 'owners.satisfaction_months'))
        WHERE CAST(:ids AS bigint[]) IS NULL OR o.id = ANY(:ids)
        GROUP BY o.id
    ), moved AS (
        UPDATE crm_owners o SET satisfaction_score = w.new FROM wanted w
        WHERE o.id = w.id AND w.new IS DISTINCT FROM w.old
        RETURNING o.id, o.satisfaction_score
    ), kept AS (
        INSERT INTO crm_owner_scores (owner_id, as_of, score)
        SELECT id, crm_lagos_today(), satisfaction_score FROM moved
        WHERE satisfaction_score IS NOT NULL
        ON CONFLICT (owner_id, as_of) DO UPDATE SET score = excluded.score
    )
    SELECT id FROM moved
    """
)
_REWRITE_SCORES = text(
    """
    INSERT INTO crm_owner_scores (owner_id, as_of, score)
    SELECT :owner_id, d.day, round(avg(m.score), 2)
    FROM (SELECT CAST(:day AS date) AS day
          UNION SELECT as_of FROM crm_owner_scores WHERE owner_id = :owner_id AND as_of >= :day) d
    JOIN crm_owner_marks(:owner_id) m ON m.day <= d.day
        AND m.day > d.day - make_interval(months => (
            SELECT value::int FROM crm_parameters WHERE name = 'owners.satisfaction_months'))
    GROUP BY d.day
    ON CONFLICT (owner_id, as_of) DO UPDATE SET score = excluded.score
    """
)
