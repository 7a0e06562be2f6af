"""The words of the messaging domain: one message to one person."""

from crm_core.messaging.schemas.reading import (
    CommunicationFilter,
    CommunicationRead,
    Contact,
    InboundRead,
)
from crm_core.messaging.schemas.states import (
    NOBODY,
    SKIP_SENTENCES,
    BatchState,
    Channel,
    ChannelState,
    MessageStatus,
    Purpose,
    RecipientType,
    SkipReason,
)
from crm_core.messaging.schemas.writing import (
    ChannelPause,
    MessageSend,
    MessageSettlement,
    Outgoing,
    Word,
)

__all__ = [
    "NOBODY",
    "SKIP_SENTENCES",
    "BatchState",
    "Channel",
    "ChannelPause",
    "ChannelState",
    "CommunicationFilter",
    "CommunicationRead",
    "Contact",
    "InboundRead",
    "MessageSend",
    "MessageSettlement",
    "MessageStatus",
    "Outgoing",
    "Purpose",
    "RecipientType",
    "SkipReason",
    "Word",
]
