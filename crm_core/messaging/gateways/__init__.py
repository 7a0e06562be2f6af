"""Providers of messages behind one small interface, chosen a channel by the settings."""

from crm_core.messaging.gateways.choosing import gateway_for
from crm_core.messaging.gateways.interface import (
    Gateway,
    GatewayDown,
    Letter,
    Outcome,
    Unanswered,
    Verdict,
)

__all__ = [
    "Gateway",
    "GatewayDown",
    "Letter",
    "Outcome",
    "Unanswered",
    "Verdict",
    "gateway_for",
]
