"""Whatever a provider sends, signed or stolen: it is understood, or said not to be."""

import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.messaging.receiving.schemas import Told, Unreadable
from crm_core.messaging.receiving.telling import READERS

WORDS = [
    *("object", "whatsapp_business_account", "entry", "changes", "value", "statuses", "messages"),
    *(
        "id",
        "status",
        "delivered",
        "failed",
        "errors",
        "code",
        "title",
        "timestamp",
        "recipient_id",
    ),
    *(
        "from",
        "type",
        "text",
        "body",
        "button",
        "payload",
        "interactive",
        "button_reply",
        "context",
    ),
    *("biz_opaque_callback_data", "outbound", "inbound", "message_id", "sender", "message"),
    *("Delivered", "Success", "phoneNumber", "senderId", "failureReason", "77", "1700000000"),
]
WORD = st.one_of(st.sampled_from(WORDS), st.text(max_size=8))
VALUE = st.recursive(
    st.one_of(WORD, st.integers(), st.floats(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORD, inner, max_size=4)),
    max_leaves=20,
)
EVENT = st.fixed_dictionaries(
    {
        "object": st.just("whatsapp_business_account"),
        "entry": st.lists(
            st.fixed_dictionaries(
                {"changes": st.lists(st.fixed_dictionaries({"value": VALUE}), max_size=2)}
            ),
            max_size=2,
        ),
    }
)
BODY = st.one_of(
    st.binary(max_size=200),
    st.one_of(VALUE, EVENT).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(WORD, WORD, max_size=6).map(
        lambda form: urlencode(form, errors="replace").encode()
    ),
)


@pytest.mark.parametrize("provider", sorted(READERS))
@given(body=BODY)
def test_any_body_is_read_or_refused(provider: str, body: bytes) -> None:
    told = Told()
    with suppress(Unreadable):
        told = READERS[provider](body)
    for reply in told.replies:
        assert reply.provider_id
        assert reply.sender
        assert "\0" not in reply.text + reply.sender + reply.provider_id
    for receipt in told.receipts:
        assert receipt.provider_id
        assert "\0" not in receipt.provider_id + (receipt.error or "")
        assert (receipt.failing is not None) == (receipt.status == "failed")
