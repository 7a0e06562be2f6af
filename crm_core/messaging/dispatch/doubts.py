"""Messages of which nobody knows whether the provider has them: asked for, never sent again."""

from dataclasses import replace

from crm_core.base.clock import utc_now
from crm_core.messaging.dispatch import handing, messages, recording
from crm_core.messaging.dispatch.messages import Result
from crm_core.messaging.dispatch.patience import lasting
from crm_core.messaging.gateways import Gateway
from crm_core.messaging.schemas import MessageStatus

_NEVER = ("never_arrived", "The provider never got it.")


def look_up(gateway: Gateway) -> int:
    """Asks the provider for what it knows of its unknown messages; gives how many are settled."""
    doubtful = lasting(lambda s: messages.unknown(s, gateway.channel, gateway.name))
    if not doubtful:
        return 0
    outcomes = handing.look_up(gateway, doubtful)
    reading = handing.Reading(gateway.name, most_attempts=0, now=utc_now())
    results = [_settled(result) for result in reading.results(doubtful, outcomes)]
    return lasting(lambda session: recording.record_known(session, results, now=utc_now()))


def _settled(result: Result) -> Result:
    """It was no further attempt; what never arrived has failed, and a person may send it again."""
    known = replace(result, handed=False, due_at=None)
    if result.reason != handing.GAVE_UP:
        return known
    reason, sentence = _NEVER
    return replace(known, status=MessageStatus.FAILED, reason=reason, error=sentence)
