"""Made-up patients with points, visits, feedback, in any number: to try out and measure.

Deterministic: the same seed, day and numbers make the same rows. Loaded in one transaction as
the owner of the tables; indexes and foreign keys are taken down before and put back after,
which also checks them.
"""

from crm_core.generate.appointments import generate_appointments
from crm_core.generate.feedback import generate_feedback
from crm_core.generate.loading import Generated, generate
from crm_core.generate.messages import generate_messages

__all__ = [
    "Generated",
    "generate",
    "generate_appointments",
    "generate_feedback",
    "generate_messages",
]
