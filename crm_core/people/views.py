"""Saved views: lists as people like to see them, for themselves or for everybody."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_core.base.clock import Instant
from crm_core.base.db import refusing_violations
from crm_core.base.errors import Forbidden, NotFound
from crm_core.base.words import Name
from crm_core.people.models import SavedView, Staff
from crm_core.people.schemas import Actor, Permission

_MOST = 100

Parameter = Annotated[str, StringConstraints(min_length=1, max_length=200)]
PageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,39}$")]


class ViewCreate(BaseModel):
    """A view to keep.

    Args:
        page: the list that it is of, such as ``payouts``.
        query: parameters of the page's address; the same name again overwrites one's own view.
        is_default: the page opens with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: PageName
    name: Name
    query: Annotated[dict[Parameter, Parameter], Field(max_length=30)]
    shared: bool = False
    is_default: bool = False


class ViewRead(BaseModel):
    """A view, and whose it is."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: int
    page: str
    name: str
    query: dict[str, str]
    shared: bool
    is_default: bool
    staff_id: int
    owner_name: str
    created_at: Instant


def list_views(session: Session, page: str, *, actor: Actor) -> list[ViewRead]:
    """One's own views of a list, then those that others share; by name."""
    mine = _person(actor)
    found = session.execute(
        _VIEWS.where(SavedView.page == page)
        .where((SavedView.staff_id == mine) | SavedView.shared)
        .order_by(SavedView.staff_id != mine, SavedView.name)
        .limit(_MOST)
    ).mappings()
    return [ViewRead.model_validate(dict(row)) for row in found]


def get_view(session: Session, view_id: int, *, actor: Actor) -> ViewRead:
    """One's own view, or one that is shared; ``NotFound`` otherwise, also where it is private."""
    found = (
        session.execute(
            _VIEWS.where(SavedView.id == view_id).where(
                (SavedView.staff_id == _person(actor)) | SavedView.shared
            )
        )
        .mappings()
        .first()
    )
    if found is None:
        raise NotFound("View not found")
    return ViewRead.model_validate(dict(found))


def save_view(session: Session, data: ViewCreate, *, actor: Actor) -> ViewRead:
    """Keeps a view under its name; one's own of that name is overwritten."""
    mine = _person(actor)
    if mine is None:
        raise Forbidden("Only people keep views: use a token that acts for a person.")
    # Two tabs of one person take turns: a second view of the name, or a second default, waits.
    session.execute(select(Staff.id).where(Staff.id == mine).with_for_update())
    if data.is_default:
        _no_default(session, mine, data.page)
    view = session.scalars(
        select(SavedView).where(
            SavedView.staff_id == mine,
            SavedView.page == data.page,
            func.lower(SavedView.name) == data.name.lower(),
        )
    ).one_or_none()
    if view is None:
        view = SavedView(staff_id=mine, page=data.page)
        session.add(view)
    view.name, view.query = data.name, dict(data.query)
    view.shared, view.is_default = data.shared, data.is_default
    with refusing_violations(uq_crm_saved_views_name="You have a view of this name already."):
        session.flush()
    return get_view(session, view.id, actor=actor)


def delete_view(session: Session, view_id: int, *, actor: Actor) -> None:
    """Forgets a view: one's own, or as an administrator anybody's shared one."""
    view = session.get(SavedView, view_id, with_for_update=True, populate_existing=True)
    mine = view is not None and view.staff_id == _person(actor)
    if view is None or not (mine or view.shared):
        raise NotFound("View not found")
    if not mine:
        actor.require(Permission.PEOPLE_MANAGE)
    session.delete(view)
    session.flush()


def _no_default(session: Session, staff_id: int, page: str) -> None:
    session.execute(
        update(SavedView)
        .where(SavedView.staff_id == staff_id, SavedView.page == page, SavedView.is_default)
        .values(is_default=False)
    )


def _person(actor: Actor) -> int | None:
    """The account behind the actor; a machine has none."""
    kind, _, number = actor.person.partition(":")
    return int(number) if kind == "staff" else None


_VIEWS = select(
    SavedView.id,
    SavedView.page,
    SavedView.name,
    SavedView.query,
    SavedView.shared,
    SavedView.is_default,
    SavedView.staff_id,
    Staff.name.label("owner_name"),
    SavedView.created_at,
).join(Staff, Staff.id == SavedView.staff_id)
