"""Patients from a CSV file: looked at line by line, committed as shown, undone while unused."""

from crm_core.loyalty.importing.carrying import (
    SMALL_FILE,
    SMALL_IMPORT,
    TASK,
    carry,
    forget_imports,
    give_up,
    note_progress,
    start_commit,
    start_undo,
    take_file,
)
from crm_core.loyalty.importing.columns import TARGETS, suggest
from crm_core.loyalty.importing.reading import Table
from crm_core.loyalty.importing.service import Upload, commit_import, plan_import
from crm_core.loyalty.importing.undoing import commit_undo, plan_undo

__all__ = [
    "SMALL_FILE",
    "SMALL_IMPORT",
    "TARGETS",
    "TASK",
    "Table",
    "Upload",
    "carry",
    "commit_import",
    "commit_undo",
    "forget_imports",
    "give_up",
    "note_progress",
    "plan_import",
    "plan_undo",
    "start_commit",
    "start_undo",
    "suggest",
    "take_file",
]
