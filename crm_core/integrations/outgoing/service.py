"""Commands: who is told of what, and telling it again."""

import base64
import secrets

from sqlalchemy import Boolean, bindparam, func, select, update
from sqlalchemy.orm import Session

from crm_core.base import crypto
from crm_core.base.errors import Conflict, NotFound
from crm_core.base.read import Listing, Order, Read
from crm_core.integrations.models import Event, WebhookDelivery, WebhookSubscription
from crm_core.integrations.outgoing.schemas import (
    DeliveryFilter,
    DeliveryRead,
    DeliveryState,
    SubscriptionCreate,
    SubscriptionFilter,
    SubscriptionRead,
)
from crm_core.people.schemas import Actor, Permission

SECRET = "whsec_"  # noqa: S105  (how secrets begin, and none itself)


def subscribe(
    session: Session, data: SubscriptionCreate, *, actor: Actor
) -> tuple[SubscriptionRead, str]:
    """A new subscription, and the secret that signs what it is sent, which is shown once."""
    actor.require(Permission.SETTINGS_WRITE)
    secret = SECRET + base64.b64encode(secrets.token_bytes(32)).decode()
    subscription = WebhookSubscription(
        name=data.name,
        url=data.url,
        kinds=sorted({kind.value for kind in data.kinds}),
        secret_encrypted=crypto.encrypt(secret),
    )
    session.add(subscription)
    session.flush()
    session.refresh(subscription)
    return SubscriptionRead.model_validate(subscription), secret


def unsubscribe(session: Session, subscription_id: int, *, actor: Actor) -> SubscriptionRead:
    """Ends a subscription; what waits for it is given up."""
    actor.require(Permission.SETTINGS_WRITE)
    subscription = session.get(
        WebhookSubscription, subscription_id, with_for_update=True, populate_existing=True
    )
    if subscription is None:
        raise NotFound("Subscription not found")
    subscription.active = False
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.subscription_id == subscription_id,
            WebhookDelivery.state == DeliveryState.WAITING.value,
        )
        .values(
            state=DeliveryState.GIVEN_UP.value,
            error="The subscription was ended.",
            ended_at=func.now(),
        )
    )
    session.flush()
    return SubscriptionRead.model_validate(subscription)


def replay(session: Session, delivery_id: int, *, actor: Actor) -> DeliveryRead:
    """Sends an event again, under the same event id, so that a receiver can tell."""
    actor.require(Permission.SETTINGS_WRITE)
    delivery = session.get(
        WebhookDelivery, delivery_id, with_for_update=True, populate_existing=True
    )
    if delivery is None:
        raise NotFound("Delivery not found")
    if delivery.state == DeliveryState.WAITING:
        raise Conflict("This delivery is on its way already.")
    subscription = session.get_one(WebhookSubscription, delivery.subscription_id)
    if not subscription.active:
        raise Conflict(f"The subscription {subscription.name} was ended: make a new one.")
    delivery.state, delivery.attempts, delivery.error = DeliveryState.WAITING.value, 0, None
    delivery.ended_at = None
    delivery.due_at = func.now()
    session.flush()
    return DELIVERIES.one(session, delivery_id)


def list_subscriptions(filters: SubscriptionFilter) -> Read[SubscriptionRead]:
    """Who is told of what, the latest first."""
    return SUBSCRIPTIONS.read(filters)


def list_deliveries(filters: DeliveryFilter) -> Read[DeliveryRead]:
    """What was sent, the latest first."""
    return DELIVERIES.read(filters)


SUBSCRIPTIONS: Listing[SubscriptionRead] = Listing(
    schema=SubscriptionRead,
    statement=select(
        WebhookSubscription.id,
        WebhookSubscription.name,
        WebhookSubscription.url,
        WebhookSubscription.kinds,
        WebhookSubscription.active,
        WebhookSubscription.created_at,
    ),
    filters={"active": WebhookSubscription.active == bindparam("active", type_=Boolean)},
    orders={"latest": Order((WebhookSubscription.id,))},
    key=WebhookSubscription.id,
    noun="Subscription",
)
DELIVERIES: Listing[DeliveryRead] = Listing(
    schema=DeliveryRead,
    statement=select(
        WebhookDelivery.id,
        Event.kind,
        Event.subject_id,
        Event.data,
        WebhookDelivery.subscription_id,
        WebhookSubscription.name.label("subscription_name"),
        WebhookSubscription.url,
        WebhookDelivery.state,
        WebhookDelivery.attempts,
        WebhookDelivery.due_at,
        WebhookDelivery.answered,
        WebhookDelivery.error,
        Event.created_at,
        WebhookDelivery.ended_at,
    )
    .outerjoin(Event, Event.id == WebhookDelivery.event_id)
    .outerjoin(WebhookSubscription, WebhookSubscription.id == WebhookDelivery.subscription_id),
    filters={
        "state": WebhookDelivery.state == bindparam("state"),
        "subscription_id": WebhookDelivery.subscription_id == bindparam("subscription_id"),
    },
    orders={"latest": Order((WebhookDelivery.id,))},
    key=WebhookDelivery.id,
    noun="Delivery",
)
