"""The forms of one payout: a new one, and a correction."""

from collections.abc import Sequence

import streamlit as st

from crm_core.owners.queries import owner_choices
from crm_core.payouts import service
from crm_core.payouts.schemas import (
    DeductionKind,
    DeductionRead,
    PaymentMethod,
    PayoutCreate,
    PayoutRead,
    PayoutUpdate,
)
from crm_core.people.schemas import Actor
from crm_core.ui.formatting import words
from crm_core.ui.forms import Form, plain_amount
from crm_core.ui.page import act, field_error, load, renew_form

_KINDS = {kind.value: words(kind.value) for kind in DeductionKind}
_METHODS = {method.value: words(method.value) for method in PaymentMethod}
_BLANK_LINES = 2


def new(actor: Actor) -> None:
    """A payout by hand, with what is wrong beside the field."""
    with load() as session:
        owners = dict(owner_choices(session))
    form = Form("new-payout")
    with form:
        form.choice("owner_id", "Owner", owners)
        _period_and_amounts(form)
        items = _items(form, ())
        if items:
            form.values["deduction_items"] = items
        _account(form, "Other account than the owner's (optional)")
        form.choice("payment_method", "Paid by", _METHODS, PaymentMethod.BANK_TRANSFER.value)
        form.prose("notes", "Notes")
        sent = form.submit("Make the payout")
    if sent:
        with act("Payout made: somebody else approves it", once=form.token) as session:
            service.create_payout(session, PayoutCreate.model_validate(form.given()), actor=actor)


def edit(actor: Actor, payout: PayoutRead, deductions: Sequence[DeductionRead]) -> None:
    """Corrects amounts, account, method and notes; what was approved before has to be again."""
    form = Form(f"edit-{payout.id}", border=False)
    # The version that the person began to edit: what others change meanwhile is not overwritten.
    version = st.session_state.setdefault(f"version-{form.token}", payout.version)
    if version != payout.version:
        _changed_meanwhile(form)
    with form:
        st.text("Changing an amount or the account takes the approvals away.")
        form.money("gross_revenue", "Gross revenue", f"{payout.gross_revenue:,.2f}")
        items = _items(form, deductions)
        _account(form, "Other account (leave empty to keep the present one)")
        form.choice("payment_method", "Paid by", _METHODS, payout.payment_method.value)
        form.prose("notes", "Notes", payout.notes or "")
        sent = form.submit("Save")
    if sent:
        # A tax line keeps its rate only while nobody touches the items.
        if items != _as_items(deductions):
            form.values["deduction_items"] = items
        given = {**form.given(), "notes": form.values["notes"] or "", "version": version}
        with act("Saved", once=form.token) as session:
            data = PayoutUpdate.model_validate(given)
            service.update_payout(session, payout.id, data, actor=actor)


def _changed_meanwhile(form: Form) -> None:
    st.text("Somebody changed this payout while you were editing it.")
    st.button("Begin again from how it is now", on_click=renew_form, args=(form.name,))


def _period_and_amounts(form: Form) -> None:
    with st.grid(3, min_column_width=180):
        with st.container():
            form.day("period_start", "First day of the period")
        with st.container():
            form.day("period_end", "Last day of the period")
        with st.container():
            form.money("gross_revenue", "Gross revenue", help="The owner's share before deductions")
        with st.container():
            form.money("deductions", "Deductions", help="Leave empty where there are none")
        with st.container():
            form.money("net_amount", "Net amount", help="Gross less deductions")


def _account(form: Form, title: str) -> None:
    with st.expander(title), st.grid(3, min_column_width=180):
        with st.container():
            form.bank()
        with st.container():
            form.number("account_number", "Account number", help="Ten digits")
        with st.container():
            form.text("account_name", "In the name of")


def _items(form: Form, present: Sequence[DeductionRead]) -> list[dict[str, object]]:
    """Lines of deductions: those that there are, and room for more; empty ones do not count."""
    items: list[dict[str, object]] = []
    filled: list[DeductionRead | None] = [*present, *[None] * _BLANK_LINES]
    with st.expander("Deductions one by one (optional)", expanded=bool(present)):
        for line, deduction in enumerate(filled):
            item = _item(form, line, deduction, position=len(items))
            if item:
                items.append(item)
        field_error("deduction_items")
    return items


def _item(
    form: Form, line: int, deduction: DeductionRead | None, *, position: int
) -> dict[str, object] | None:
    """One line; its errors are named by its position among the lines that are filled in."""
    key, path = f"{form.token}-{line}", f"deduction_items.{position}"
    what, kind, amount = st.columns([3, 2, 2])
    with what:
        description = st.text_input(
            "For what", deduction.description if deduction else "", key=f"what-{key}"
        )
        field_error(f"{path}.description")
    with kind:
        chosen = st.selectbox(
            "Kind",
            list(_KINDS),
            list(_KINDS).index(deduction.kind if deduction else DeductionKind.ADVANCE),
            format_func=_KINDS.__getitem__,
            key=f"kind-{key}",
        )
    with amount:
        given = st.text_input(
            "Amount (₦)", f"{deduction.amount:,.2f}" if deduction else "", key=f"amount-{key}"
        )
        field_error(f"{path}.amount")
    if not description.strip() and not given.strip():
        return None
    return {"kind": chosen, "description": description.strip(), "amount": plain_amount(given)}


def _as_items(deductions: Sequence[DeductionRead]) -> list[dict[str, object]]:
    return [
        {"kind": each.kind.value, "description": each.description, "amount": f"{each.amount:.2f}"}
        for each in deductions
    ]
