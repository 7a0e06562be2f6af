"""Webhooks: providers tell us things here; each shows by a signature that it is them.

A provider is a module with a ``router`` whose route calls ``receiving.receive``.
"""

from fastapi import APIRouter

from crm_core.api.webhooks import africas_talking, approval, paystack, termii, whatsapp

_events = APIRouter(prefix="/webhooks", tags=["Webhooks"])
_events.include_router(paystack.router)
_events.include_router(termii.router)
_events.include_router(africas_talking.router)
_events.include_router(whatsapp.router)

router = APIRouter()
router.include_router(_events)
router.include_router(approval.router)
