"""Two records of one person become one: looked at, done with a receipt, undone while unused."""

from crm_core.loyalty.merging.joining import merge_patients
from crm_core.loyalty.merging.parting import commit_merge_undo, part_patients, plan_merge_undo
from crm_core.loyalty.merging.planning import (
    KIND,
    Pair,
    commit_merge,
    look_at_merge,
    plan_merge,
    plan_of,
)

__all__ = [
    "KIND",
    "Pair",
    "commit_merge",
    "commit_merge_undo",
    "look_at_merge",
    "merge_patients",
    "part_patients",
    "plan_merge",
    "plan_merge_undo",
    "plan_of",
]
