"""Webhooks: providers tell us things here; each shows by a signature that it is them.

A provider is a module with a ``router`` whose route calls ``receiving.receive``.
"""

from fastapi import APIRouter

from crm_core.api.webhooks import africas_talking, paystack, termii, whatsapp

router = APIRouter(prefix="/webhooks", tags=["Webhooks"])
router.include_router(paystack.router)
router.include_router(termii.router)
router.include_router(africas_talking.router)
router.include_router(whatsapp.router)
