"""Commands of the appointments domain, by what people do: book, move, come, undo, wait, answer."""

from crm_core.appointments.service.answering import (
    answer_offer,
    answer_visit,
    settle_answer,
    take_answer,
    visit_question,
)
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
from crm_core.appointments.service.offering import send_offers
from crm_core.appointments.service.reminding import (
    commit_reminders,
    fold_sums,
    mark_missed,
    plan_reminders,
    send_due_reminders,
    send_reminders,
)
from crm_core.appointments.service.undoing import commit_undo, plan_undo, undo
from crm_core.appointments.service.waiting import (
    join_waitlist,
    leave_waitlist,
    offer_question,
)

__all__ = [
    "answer_offer",
    "answer_visit",
    "arrive",
    "cancel_appointment",
    "commit_move",
    "commit_reminders",
    "commit_undo",
    "complete",
    "confirm_appointment",
    "create_appointment",
    "fold_sums",
    "join_waitlist",
    "leave_waitlist",
    "mark_missed",
    "mark_no_show",
    "offer_question",
    "plan_move",
    "plan_reminders",
    "plan_undo",
    "reschedule_appointment",
    "send_due_reminders",
    "send_offers",
    "send_reminders",
    "settle_answer",
    "start",
    "take_answer",
    "undo",
    "update_appointment",
    "visit_question",
    "walk_in",
]
