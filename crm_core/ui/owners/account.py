"""The bank account that an owner is paid to: masked, changed with the check digit in sight."""

import streamlit as st

from crm_core.owners import queries, service
from crm_core.owners.banks import BANKS, find_bank, nuban_holds
from crm_core.owners.schemas import AccountChange, AccountRead, OwnerRead
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import facts, tables
from crm_core.ui.formatting import moment
from crm_core.ui.page import act, field_error, form_token, load

_BANKS = {
    bank.name: f"{bank.name} ({bank.code})"
    for bank in sorted(BANKS, key=lambda bank: bank.name.lower())
}
_HOLDS = "The check digit holds."
_FAILS = "The check digit does not hold: compare the number with the bank's letter."


def show(owner: OwnerRead, actor: Actor) -> None:
    """The account in use, and the form that changes it."""
    with load() as session:
        account = queries.get_account(session, owner.id)
    if account is None:
        tables.nothing("No bank account yet: payouts cannot go out until there is one.")
    else:
        _account(account)
    if actor.may(Permission.OWNERS_WRITE):
        _change(owner, account, actor)


def _account(account: AccountRead) -> None:
    with st.container(border=True):
        facts.show(
            {
                "Bank": account.bank_name,
                "Account number": account.account_number,
                "Account name": account.account_name,
                "In use since": moment(account.changed_at),
            }
        )
        if account.nuban_ok:
            st.success(_HOLDS, icon=":material/check_circle:")
        else:
            st.warning(_FAILS, icon=":material/warning:")


def _change(owner: OwnerRead, account: AccountRead | None, actor: Actor) -> None:
    once = form_token(f"account-{owner.id}")
    with st.expander("Change the account" if account else "Add an account", expanded=not account):
        st.text("Approvers see for 24 hours that the account is new.")
        # Outside a form, so that the check digit's verdict comes as soon as a field is left.
        bank = st.selectbox(
            "Bank", list(_BANKS), None, format_func=_BANKS.__getitem__, key=f"bank_name-{once}"
        )
        field_error("bank_name")
        number = st.text_input("Account number", key=f"account_number-{once}", max_chars=10)
        field_error("account_number")
        _verdict(bank, number.strip())
        name = st.text_input("Account name", owner.name.upper(), key=f"account_name-{once}")
        field_error("account_name")
        sent = st.button("Save the account", type="primary", key=f"save-account-{once}")
    if not sent:
        return
    asked = {"bank_name": bank or "", "account_number": number, "account_name": name}
    with act("The account was changed", once=once) as session:
        data = AccountChange.model_validate(asked)
        service.change_account(session, owner.id, data, actor=actor)


def _verdict(bank: str | None, number: str) -> None:
    if not bank or len(number) != 10:
        return
    if nuban_holds(find_bank(bank).code, number):
        st.success(_HOLDS, icon=":material/check_circle:")
    else:
        st.warning(_FAILS, icon=":material/warning:")
