"""How a piece is filed: kind, priority, category, place, whom it is about."""

from crm_core.feedback import service
from crm_core.feedback.schemas import FeedbackRead, FeedbackType, FeedbackUpdate, Priority
from crm_core.hospitals.queries import departments_of
from crm_core.people.directory import staff_with
from crm_core.people.schemas import Actor, Role
from crm_core.ui.forms import Form
from crm_core.ui.page import act, load
from crm_core.ui.states import label_of

KINDS = {each.value: label_of(each.value) for each in FeedbackType}
PRIORITIES = {each.value: label_of(each.value) for each in reversed(Priority)}


_NAMES = ("type", "priority", "category", "subject", "department_id", "about_staff_id")


def edit(actor: Actor, piece: FeedbackRead) -> None:
    """The form; what was said, and by whom, is not in it."""
    with load() as session:
        parts = departments_of(session, piece.hospital_id) if piece.hospital_id else []
        staff = {each.id: each.name for each in staff_with(session, *Role)}
    form = Form(f"file-{piece.id}", border=False)
    with form:
        form.choice("type", "Kind", KINDS, piece.type.value)
        form.choice("priority", "Priority", PRIORITIES, piece.priority.value)
        form.text("category", "Category, such as “Waiting time”", piece.category or "")
        form.text("subject", "Subject", piece.subject or "")
        form.choice(
            "department_id",
            "Department",
            {each.id: each.name for each in parts},
            piece.department_id,
        )
        form.choice("about_staff_id", "A compliment about", staff, piece.about_staff_id)
        sent = form.submit("File it so")
    if sent:
        with act("Filed", once=form.token) as session:
            given = {name: form.values[name] for name in _NAMES}
            data = FeedbackUpdate.model_validate(given | {"version": piece.version})
            service.update_feedback(session, piece.id, data, actor=actor)
