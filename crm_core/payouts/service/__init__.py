"""Commands of the payouts domain, by what a person does: make, approve, send, settle, prepare."""

from crm_core.payouts.service.approving import (
    approve_payout,
    commit_approval,
    plan_approval,
)
from crm_core.payouts.service.files import bank_file_content, commit_file, plan_file
from crm_core.payouts.service.making import (
    cancel_payout,
    create_payout,
    reveal_account,
    set_rate,
    update_payout,
)
from crm_core.payouts.service.preparing import commit_month, plan_month
from crm_core.payouts.service.rejecting import commit_rejection, plan_rejection, reject_payout
from crm_core.payouts.service.settling import (
    commit_payment,
    fail_payout,
    pay_payout,
    plan_payment,
    reverse_payout,
    settle_payout,
    suspend_payout,
)
from crm_core.payouts.service.undoing import commit_undo, plan_undo

__all__ = [
    "approve_payout",
    "bank_file_content",
    "cancel_payout",
    "commit_approval",
    "commit_file",
    "commit_month",
    "commit_payment",
    "commit_rejection",
    "commit_undo",
    "create_payout",
    "fail_payout",
    "pay_payout",
    "plan_approval",
    "plan_file",
    "plan_month",
    "plan_payment",
    "plan_rejection",
    "plan_undo",
    "reject_payout",
    "reveal_account",
    "reverse_payout",
    "set_rate",
    "settle_payout",
    "suspend_payout",
    "update_payout",
]
