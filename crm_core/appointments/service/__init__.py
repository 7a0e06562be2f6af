"""Commands of the appointments domain, by what people do: book, move, come, undo, wait, answer."""

from crm_core.appointments.service.booking import (
    create_appointment,
    reschedule_appointment,
    update_appointment,
    walk_in,
)
from crm_core.appointments.service.moving import (
    arrive,
    cancel_appointment,
    commit_move,
    complete,
    confirm_appointment,
    mark_no_show,
    plan_move,
    start,
)
from crm_core.appointments.service.undoing import commit_undo, plan_undo, undo

__all__ = [
    "arrive",
    "cancel_appointment",
    "commit_move",
    "commit_undo",
    "complete",
    "confirm_appointment",
    "create_appointment",
    "mark_no_show",
    "plan_move",
    "plan_undo",
    "reschedule_appointment",
    "start",
    "undo",
    "update_appointment",
    "walk_in",
]
