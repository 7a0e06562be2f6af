"""What becomes of every column that is about a person once they are erased: the mirror of the pack.

A test walks the database: a column of a person's table that is not declared here fails it.
"""

from crm_core.privacy.registry.care import FEEDBACK, LOYALTY, PATIENT, VISITS
from crm_core.privacy.registry.traces import CAMPAIGNS, IMPORTS, MESSAGES, REQUESTS
from crm_core.privacy.registry.words import Erased, Held, Kept

__all__ = ["HELD", "Erased", "Held", "Kept"]

HELD: tuple[Held, ...] = (
    PATIENT,
    *LOYALTY,
    *VISITS,
    *FEEDBACK,
    *MESSAGES,
    *CAMPAIGNS,
    *IMPORTS,
    *REQUESTS,
)
"""Every table that holds something of a person."""
