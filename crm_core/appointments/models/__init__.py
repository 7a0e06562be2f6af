"""The tables of appointments: visits, what patients were told, who waits, what they answered."""

from crm_core.appointments.models.visits import (
    Appointment,
    AppointmentNotice,
    AppointmentSum,
    AppointmentSumChange,
    AppointmentTransition,
)
from crm_core.appointments.models.waiting import AppointmentAnswer, SlotOffer, WaitlistEntry

__all__ = [
    "Appointment",
    "AppointmentAnswer",
    "AppointmentNotice",
    "AppointmentSum",
    "AppointmentSumChange",
    "AppointmentTransition",
    "SlotOffer",
    "WaitlistEntry",
]
