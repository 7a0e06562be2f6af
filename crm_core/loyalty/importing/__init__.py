"""Patients from a CSV file: looked at line by line, committed as shown, undone while unused."""

from crm_core.loyalty.importing.columns import TARGETS, suggest
from crm_core.loyalty.importing.reading import Table
from crm_core.loyalty.importing.service import Upload, commit_import, plan_import
from crm_core.loyalty.importing.undoing import commit_undo, plan_undo

__all__ = [
    "TARGETS",
    "Table",
    "Upload",
    "commit_import",
    "commit_undo",
    "plan_import",
    "plan_undo",
    "suggest",
]
