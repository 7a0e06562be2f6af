"""The tab of paying: by the bank's upload file and its statement, or by transfer."""

from collections.abc import Sequence

import streamlit as st

from crm_core.payouts import bank_files, queries, service
from crm_core.payouts.schemas import FileRead, PaymentLine, PayoutFilter, PayoutSort, PayoutStatus
from crm_core.payouts.statements import parse_statement
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor
from crm_core.ui import address_bar, downloads, facts, plans, tables
from crm_core.ui.formatting import counted, moment
from crm_core.ui.page import load
from crm_core.ui.payouts import figures, rows, transferring
from crm_core.ui.plain import plain
from crm_core.ui.plans import Proposal, View

_FILE, _PAYMENT, _TABLE = "bank-file", "payment", "approved"
_FILE_VIEW = View(
    title="Look before the file is written",
    totals={"count": "In the file", "control_total": "Control total", "refused": "Left out"},
    verb="Write the file with {}",
    amount="control_total",
)
_PAYMENT_VIEW = View(
    title="What the bank's statement says",
    totals={"count": "Will be paid", "net_amount": "Net amount", "refused": "Refused"},
    verb="Mark {} as paid",
    amount="net_amount",
)


def show(actor: Actor) -> None:
    """What may be paid, the files, and the statement; or the plan that was made of them."""
    file_plan, payment_plan = plans.opened(_FILE), plans.opened(_PAYMENT)
    transfer_plan = plans.opened(transferring.NAME)
    if file_plan is not None:
        _write_file(actor, file_plan)
    elif payment_plan is not None:
        _mark_paid(actor, payment_plan)
    elif transfer_plan is not None:
        transferring.decide(actor, transfer_plan)
    else:
        _choose(actor)


def _choose(actor: Actor) -> None:
    by_transfer = transferring.chosen()
    _approved(actor, by_transfer=by_transfer)
    if by_transfer:
        transferring.under_way()
    else:
        _files()
        _statement(actor)


def _approved(actor: Actor, *, by_transfer: bool) -> None:
    st.subheader("Approved, ready for the bank", anchor=False)
    filters = PayoutFilter(
        status=PayoutStatus.APPROVED,
        sort=PayoutSort.DUE,
        page=address_bar.page_of(),
        limit=tables.MOST,
    )
    with load() as session:
        found = tables.page_of(session, queries.list_payouts, filters)
    shown = found.rows
    chosen = tables.pick_many(
        tables.Table(
            rows=[rows.row(payout) for payout in shown],
            columns=rows.COLUMNS,
            ids=[payout.id for payout in shown],
            alt="Approved payouts, the earliest due first",
            empty="No payout is approved and unpaid. Approve some under To approve.",
            name=_TABLE,
            version=[payout.version for payout in shown],
        ),
        open_column="Payout",
        opens=figures.opens_payout,
    )
    tables.pages(found, "payout")
    if shown and by_transfer:
        transferring.bar(actor, chosen, _TABLE)
    elif shown:
        _bar(actor, chosen)


def _bar(actor: Actor, chosen: Sequence[int]) -> None:
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="file-bar"):
        st.text(f"{counted(len(chosen), 'payout')} chosen" if chosen else "Choose payouts, or take")
        some = st.button(
            "Look and write the file", type="primary", key="file-chosen", disabled=not chosen
        )
        every = st.button("All that are approved", key="file-all")
    if some or every:
        with load() as session:
            ids = list(chosen) if some else queries.approved_ids(session)
            plan = service.plan_file(session, ids, actor=actor)
        plans.open_plan(_FILE, plan, ids=ids)


def _write_file(actor: Actor, proposal: Proposal) -> None:
    ids = [verdict.id for verdict in proposal.plan.verdicts]
    if plans.confirmed(_FILE, proposal, _FILE_VIEW):
        with plans.committing(_FILE, "The file is written: download it below") as done:
            fingerprint = proposal.plan.fingerprint
            receipt = service.commit_file(done.session, fingerprint, ids, actor=actor)
            done.keep(receipt, clear=_TABLE)


def _files() -> None:
    st.subheader("Bank files", anchor=False)
    opened = address_bar.number("bank-file")
    with load() as session:
        files = bank_files.list_files(session)
        # The one just written is the newest: it lies open until another one is chosen, which may
        # be older than all that are listed.
        open_file = bank_files.get_file(session, opened) if opened else next(iter(files), None)
        names = names_of(session, {file.created_by for file in files})
    columns = {
        "File": tables.text(),
        "Payouts": tables.number(),
        "Control total": tables.naira(),
        "Paid": tables.number(),
        "Open": tables.number(),
        "Written by": tables.text(),
        "Written": tables.at(),
    }
    shown = [
        {
            "File": file.file_code,
            "Payouts": file.payout_count,
            "Control total": file.control_total,
            "Paid": file.paid,
            "Open": file.open,
            "Written by": names[file.created_by],
            "Written": file.created_at,
        }
        for file in files
    ]
    tables.pick_one(
        tables.Table(
            rows=shown,
            columns=columns,
            ids=[file.id for file in files],
            alt="Bank files, the newest first",
            empty="No bank file yet: choose approved payouts above.",
            name="files",
        ),
        opens=lambda file_id: {"bank-file": str(file_id)},
    )
    if open_file is not None:
        _file(open_file)


def _file(file: FileRead) -> None:
    with st.container(border=True):
        st.subheader(plain(file.file_code), anchor=False)
        facts.show(
            {
                "Payouts": f"{file.payout_count:,}",
                "Control total": plans.written("control_total", str(file.control_total)),
                "Written": moment(file.created_at),
                "SHA-256 of the file": file.digest,
            }
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            downloads.link(f"/export/bank-file/{file.id}", f"Download {file.file_code}.csv")
            st.button(
                "See its payouts",
                key="file-payouts",
                on_click=address_bar.go,
                args=(figures.opens_list(file=str(file.id)),),
            )
        st.text("Every download is in the history.")


def _statement(actor: Actor) -> None:
    st.subheader("The bank's statement", anchor=False)
    st.text("A CSV whose lines carry our payment references; other lines are left alone.")
    uploaded = st.file_uploader("Statement as CSV, at most 5 MB", type="csv", key="statement")
    if uploaded is None or not st.button("Read the statement", type="primary", key="read-it"):
        return
    with load() as session:
        statement = parse_statement(uploaded.getvalue())
        plan = service.plan_payment(session, statement.lines, actor=actor)
    plans.open_plan(_PAYMENT, plan, lines=statement.lines, refused=statement.refused)


def _mark_paid(actor: Actor, proposal: Proposal) -> None:
    unread = proposal.subject["refused"]
    if isinstance(unread, list) and unread:
        with st.container(border=True):
            st.text(f"{counted(len(unread), 'line')} of the statement could not be used:")
            for sentence in unread[:20]:
                st.text(sentence)
    if plans.confirmed(_PAYMENT, proposal, _PAYMENT_VIEW):
        lines = [PaymentLine.model_validate(line) for line in _list(proposal.subject["lines"])]
        with plans.committing(_PAYMENT, "The receipt says what was marked as paid") as done:
            fingerprint = proposal.plan.fingerprint
            done.keep(service.commit_payment(done.session, fingerprint, lines, actor=actor))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
