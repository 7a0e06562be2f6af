"""Reads of owners."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import (
    ColumnElement,
    String,
    Text,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session

from crm_core.base.errors import NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.hospitals.where import ANYWHERE, THOSE, Where, in_state, within
from crm_core.owners.models import Owner, OwnerAccount, OwnerContact, OwnerScore, OwnerSurvey
from crm_core.owners.schemas import (
    AccountRead,
    ContactRead,
    OwnerFilter,
    OwnerRead,
    OwnerStats,
    ScoreMark,
    ScorePoint,
    SurveyRead,
)

# In a query of its own it is worked out once, not once a row.
_TODAY = select(func.crm_lagos_today(type_=Owner.onboarding_date.type)).scalar_subquery()
_PAYMENT_STATUS: ColumnElement[str] = case(
    (Owner.payouts_due_on < _TODAY, "overdue"),
    (Owner.payouts_pending > 0, "pending"),
    else_="current",
)
_LIFETIME = (Owner.opening_value + Owner.payouts_paid_gross).label("lifetime_value")
# A cursor needs to know that these are text, which SQLAlchemy does not of every function.
_BY_NAME = (
    func.lower(Owner.last_name, type_=String),
    func.lower(Owner.first_name, type_=String),
    Owner.id,
)

_SEARCH = bindparam("search", type_=Text)

OWNERS: Listing[OwnerRead] = Listing(
    schema=OwnerRead,
    statement=select(
        Owner.id,
        Owner.owner_code,
        Owner.first_name,
        Owner.last_name,
        Owner.email,
        Owner.phone,
        (literal("*******", Text) + Owner.nin_last4).label("nin"),
        Owner.hospital_id,
        Owner.status,
        Owner.onboarding_date,
        Owner.last_contact_date,
        Owner.satisfaction_score,
        _LIFETIME,
        cast(_PAYMENT_STATUS, String).label("payment_status"),
        Owner.notes,
        Owner.version,
        Owner.created_at,
        Owner.updated_at,
        cast(Owner.payouts_count, Text).label("payout_count"),
        Owner.payouts_net.label("total_payouts"),
    ),
    filters={
        "status": Owner.status == bindparam("status"),
        "payment_status": bindparam("payment_status", type_=String) == _PAYMENT_STATUS,
        "hospital_id": Owner.hospital_id == bindparam("hospital_id"),
        "state": in_state(Owner.hospital_id),
        # Functions of a constant are folded before planning: what does not apply costs nothing.
        "search": or_(
            Owner.search.op("@@")(func.crm_search_query(_SEARCH)),
            func.reverse(Owner.phone).like(func.crm_phone_end(_SEARCH)),
        ),
    },
    orders={
        "newest": Order((Owner.created_at, Owner.id)),
        "name": Order(_BY_NAME, descending=False),
        "value": Order((Owner.opening_value + Owner.payouts_paid_gross, Owner.id)),
        "satisfaction": Order((func.coalesce(Owner.satisfaction_score, 0), Owner.id)),
        # Whoever was never asked comes last: six is beyond any score.
        "discontent": Order(
            (func.coalesce(Owner.satisfaction_score, 6), Owner.id), descending=False
        ),
    },
    key=Owner.id,
    noun="Owner",
)


def list_owners(filters: OwnerFilter) -> Read[OwnerRead]:
    """Owners, newest first unless sorted otherwise."""
    return OWNERS.read(filters)


def get_owner(session: Session, owner_id: int) -> OwnerRead:
    """One owner; ``NotFound`` where there is none."""
    return OWNERS.one(session, owner_id)


def owner_stats(session: Session) -> OwnerStats:
    """Counts by state and payment, mean satisfaction, lifetime value in naira."""
    row = session.execute(_STATS).mappings().one()
    return OwnerStats(
        total_owners=row["total"],
        active_owners=row["active"],
        inactive_owners=row["inactive"],
        average_satisfaction=row["satisfaction"],
        total_lifetime_value=float(row["value"]),
        payment_stats={name: row[name] for name in ("current", "overdue", "pending")},
    )


def get_account(session: Session, owner_id: int) -> AccountRead | None:
    """The owner's bank account, masked; None where none was given yet."""
    found = session.execute(_ACCOUNT, {"owner_id": owner_id}).mappings().first()
    return AccountRead.model_validate(dict(found)) if found else None


def require_account(session: Session, owner_id: int) -> AccountRead:
    """The owner's bank account, masked; ``NotFound`` where none was given yet."""
    account = get_account(session, owner_id)
    if account is None:
        raise NotFound("This owner has no bank account yet")
    return account


def surveys_of(session: Session, owner_id: int, *, limit: int = 50) -> list[SurveyRead]:
    """The owner's latest surveys, newest first."""
    found = session.scalars(
        select(OwnerSurvey)
        .where(OwnerSurvey.owner_id == owner_id)
        .order_by(OwnerSurvey.surveyed_on.desc(), OwnerSurvey.id.desc())
        .limit(limit)
    )
    return [SurveyRead.model_validate(survey) for survey in found]


def contacts_of(session: Session, owner_id: int, *, limit: int = 50) -> list[ContactRead]:
    """The latest conversations with the owner, newest first."""
    found = session.scalars(
        select(OwnerContact)
        .where(OwnerContact.owner_id == owner_id)
        .order_by(OwnerContact.contacted_on.desc(), OwnerContact.id.desc())
        .limit(limit)
    )
    return [ContactRead.model_validate(contact) for contact in found]


def marks_of(session: Session, owner_id: int) -> list[ScoreMark]:
    """What the owner's score is the mean of today, what drags it down most first."""
    found = session.execute(_MARKS, {"owner_id": owner_id}).mappings()
    return [ScoreMark.model_validate(dict(mark)) for mark in found]


def score_history(session: Session, owner_id: int, since: date) -> list[ScorePoint]:
    """The owner's score on the days that it changed, oldest first."""
    found = session.execute(
        select(OwnerScore.as_of, OwnerScore.score)
        .where(OwnerScore.owner_id == owner_id, OwnerScore.as_of >= since)
        .order_by(OwnerScore.as_of)
    )
    return [ScorePoint.model_validate(point) for point in found]


def satisfaction_by_month(
    session: Session, months: Sequence[date], where: Where = ANYWHERE
) -> list[ScorePoint]:
    """Mean score over the owners as it stood at the end of each month (given as first days).

    Args:
        where: which hospital the owners have now.
    """
    found = session.execute(_SCORE_BY_MONTH, {"months": list(months)} | where.values)
    return [ScorePoint.model_validate(point) for point in found]


def owner_choices(session: Session) -> list[tuple[int, str]]:
    """For a choice on a form: id and label of active owners by name, at most 5,000."""
    label = Owner.last_name + ", " + Owner.first_name + " · " + Owner.owner_code
    found = session.execute(
        select(Owner.id, label).where(Owner.status == "active").order_by(*_BY_NAME).limit(5000)
    )
    return [(owner_id, text) for owner_id, text in found]


_STATS = select(
    func.count().label("total"),
    func.count().filter(Owner.status == "active").label("active"),
    func.count().filter(Owner.status == "inactive").label("inactive"),
    func.round(func.coalesce(func.avg(Owner.satisfaction_score), 0), 2).label("satisfaction"),
    func.coalesce(func.sum(_LIFETIME.element), 0).label("value"),
    func.count().filter(literal("current") == _PAYMENT_STATUS).label("current"),
    func.count().filter(literal("overdue") == _PAYMENT_STATUS).label("overdue"),
    func.count().filter(literal("pending") == _PAYMENT_STATUS).label("pending"),
)
_ACCOUNT = select(
    OwnerAccount.id,
    OwnerAccount.owner_id,
    OwnerAccount.bank_code,
    OwnerAccount.bank_name,
    (literal("******", Text) + OwnerAccount.account_last4).label("account_number"),
    OwnerAccount.account_name,
    OwnerAccount.nuban_ok,
    OwnerAccount.changed_at,
).where(OwnerAccount.owner_id == bindparam("owner_id"))
# Without a mark the mean of the others would be the score.
_MARKS = text(
    """
    WITH marks AS (
        SELECT surveyed_on AS day, score, 'survey-' || id AS source, NULL AS topic
        FROM crm_owner_surveys WHERE owner_id = :owner_id
        UNION ALL SELECT rated_on, score, source, topic FROM crm_owner_ratings
        WHERE owner_id = :owner_id
    )
    SELECT day, score, source, topic,
           round(coalesce((sum(score) OVER all_marks - score)
                          / nullif(count(*) OVER all_marks - 1, 0), score)
                 - avg(score) OVER all_marks, 2) AS pull
    FROM marks
    WHERE day > crm_lagos_today() - make_interval(months => (
        SELECT value::int FROM crm_parameters WHERE name = 'owners.satisfaction_months'))
    WINDOW all_marks AS ()
    ORDER BY pull DESC, day DESC, source LIMIT 200
    """
)
# Backwards from the scores of today: what changed after a month's end is taken off again, so that
# only the changes of the months asked for are read.
_SCORE_BY_MONTH = text(
    f"""
    WITH asked AS (SELECT unnest(CAST(:months AS date[])) + interval '1 month' AS ends),
    latest AS (
        SELECT owner_id, as_of, score, lag(score) OVER (PARTITION BY owner_id ORDER BY as_of) AS old
        FROM crm_owner_scores WHERE as_of >= (SELECT min(ends) FROM asked)
          AND (CAST(:hospital_id AS bigint) IS NULL AND CAST(:state AS text) IS NULL
               OR owner_id IN (SELECT id FROM crm_owners WHERE hospital_id = ANY({THOSE})))
    ), by_day AS (
        SELECT l.as_of, sum(l.score - coalesce(l.old, e.score, 0)) AS change,
               count(*) FILTER (WHERE coalesce(l.old, e.score) IS NULL) AS came
        FROM latest l LEFT JOIN LATERAL (
            SELECT score FROM crm_owner_scores
            WHERE l.old IS NULL AND owner_id = l.owner_id AND as_of < l.as_of
            ORDER BY as_of DESC LIMIT 1
        ) e ON true
        GROUP BY l.as_of
    ), now_is AS (
        SELECT sum(coalesce(o.satisfaction_score, e.score)) AS total,
               count(coalesce(o.satisfaction_score, e.score)) AS owners
        FROM crm_owners o LEFT JOIN LATERAL (
            -- Whose surveys are all too old has no score now, and keeps the last one here.
            SELECT score FROM crm_owner_scores
            WHERE o.satisfaction_score IS NULL AND owner_id = o.id
            ORDER BY as_of DESC LIMIT 1
        ) e ON true
        WHERE {within("o.hospital_id")}
    )
    SELECT CAST(a.ends - interval '1 month' AS date) AS as_of,
           round((n.total - coalesce(sum(d.change), 0))
                 / (n.owners - coalesce(sum(d.came), 0)), 2) AS score
    FROM asked a CROSS JOIN now_is n LEFT JOIN by_day d ON d.as_of >= a.ends
    GROUP BY a.ends, n.total, n.owners HAVING n.owners > coalesce(sum(d.came), 0)
    ORDER BY a.ends
    """  # noqa: S608  (conditions of ours)
)
