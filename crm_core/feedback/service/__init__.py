"""Commands of the feedback domain, by what a person does: take in, work on, answer, resolve."""

from crm_core.feedback.service.answering import (
    reply_to_source,
    take_answer,
)
from crm_core.feedback.service.escalating import (
    close_old,
    escalate_late,
    fold_sums,
    refresh_clocks,
    remind_assignees,
)
from crm_core.feedback.service.intake import (
    create_feedback,
)
from crm_core.feedback.service.inviting import (
    invite,
    invite_all,
)
from crm_core.feedback.service.linking import (
    answer_invitation,
)
from crm_core.feedback.service.merging import (
    merge_feedback,
)
from crm_core.feedback.service.resolving import (
    close_feedback,
    decide_suggestion,
    reopen_feedback,
    resolve_feedback,
)
from crm_core.feedback.service.settings import (
    add_alarm_word,
    remove_alarm_word,
    remove_holiday,
    set_holiday,
    set_hours,
    set_target,
)
from crm_core.feedback.service.triage import (
    acknowledge_feedback,
    assign_feedback,
    note_feedback,
    start_feedback,
    update_feedback,
    wait_for_source,
)

__all__ = [
    "acknowledge_feedback",
    "add_alarm_word",
    "answer_invitation",
    "assign_feedback",
    "close_feedback",
    "close_old",
    "create_feedback",
    "decide_suggestion",
    "escalate_late",
    "fold_sums",
    "invite",
    "invite_all",
    "merge_feedback",
    "note_feedback",
    "refresh_clocks",
    "remind_assignees",
    "remove_alarm_word",
    "remove_holiday",
    "reopen_feedback",
    "reply_to_source",
    "resolve_feedback",
    "set_holiday",
    "set_hours",
    "set_target",
    "start_feedback",
    "take_answer",
    "update_feedback",
    "wait_for_source",
]
