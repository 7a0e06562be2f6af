"""Messages of which nobody knows whether the provider has them: asked for, never sent again."""

from crm_core.base.clock import utc_now
from crm_core.messaging.dispatch import handing, messages, recording
from crm_core.messaging.dispatch.messages import Result
from crm_core.messaging.dispatch.patience import Line
from crm_core.messaging.gateways import Gateway

_NEVER = ("never_arrived", "The provider never got it.")


def look_up(gateway: Gateway, line: Line) -> int:
    """Asks the provider for what it knows of its unknown messages; gives how many are settled."""
    doubtful = line.lasting(lambda s: messages.unknown(s, gateway.channel, gateway.name))
    if not doubtful:
        return 0
    outcomes = handing.look_up(gateway, doubtful)
    reading = handing.Reading(gateway.name, most_attempts=0, now=utc_now())
    results = [_settled(result) for result in reading.results(doubtful, outcomes)]
    return line.lasting(lambda session: recording.record_known(session, results, now=utc_now()))


def _settled(result: Result) -> Result:
    """It was no further attempt; what never arrived has failed, and a person may send it again."""
    result.handed = False
    if result.reason == handing.GAVE_UP:
        result.reason, result.error = _NEVER
    return result
