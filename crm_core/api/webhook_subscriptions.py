"""Webhooks that go out: who is told of what, what was sent, and sending it again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from crm_core.api.deps import CurrentActor, Db, ReaderDep, needs
from crm_core.api.responses import Done, JsonText, Rows
from crm_core.api.route import Route
from crm_core.base.words import RecordId
from crm_core.integrations.outgoing import service
from crm_core.integrations.outgoing.schemas import (
    DeliveryFilter,
    DeliveryRead,
    SubscriptionCreate,
    SubscriptionFilter,
    SubscriptionRead,
)
from crm_core.people.schemas import Permission

router = APIRouter(
    tags=["Integrations"], route_class=Route, dependencies=[needs(Permission.SETTINGS_WRITE)]
)


class NewSubscription(BaseModel):
    """A subscription and the secret that signs what it is sent; it cannot be had again."""

    subscription: SubscriptionRead
    secret: str


@router.get("/webhook-subscriptions")
async def list_subscriptions(
    reader: ReaderDep, filters: Annotated[SubscriptionFilter, Query()]
) -> JsonText[Rows[SubscriptionRead]]:
    """Who is told of what, the latest first."""
    return JsonText(await service.list_subscriptions(filters).fetch(reader))


@router.post("/webhook-subscriptions", status_code=201)
def subscribe(db: Db, actor: CurrentActor, data: SubscriptionCreate) -> Done[NewSubscription]:
    """Has an address told of events, signed by Standard Webhooks."""
    subscription, secret = service.subscribe(db, data, actor=actor)
    made = NewSubscription(subscription=subscription, secret=secret)
    return Done(message="Subscription created successfully", data=made)


@router.post("/webhook-subscriptions/{subscription_id}/end")
def end_subscription(
    db: Db, actor: CurrentActor, subscription_id: Annotated[RecordId, Path()]
) -> Done[SubscriptionRead]:
    """Ends a subscription; what waits for it is given up."""
    ended = service.unsubscribe(db, subscription_id, actor=actor)
    return Done(message="Subscription ended", data=ended)


@router.get("/webhook-deliveries")
async def list_deliveries(
    reader: ReaderDep, filters: Annotated[DeliveryFilter, Query()]
) -> JsonText[Rows[DeliveryRead]]:
    """What was sent, the latest first."""
    return JsonText(await service.list_deliveries(filters).fetch(reader))


@router.post("/webhook-deliveries/{delivery_id}/replay")
def replay(
    db: Db, actor: CurrentActor, delivery_id: Annotated[RecordId, Path()]
) -> Done[DeliveryRead]:
    """Sends an event again, under the same event id."""
    return Done(message="It is sent again", data=service.replay(db, delivery_id, actor=actor))
