"""Handing a chunk to a provider, outside of any transaction, and reading its answers."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from crm_core.messaging.dispatch.messages import Message, Result
from crm_core.messaging.foreign_text import clean
from crm_core.messaging.gateways import Gateway, GatewayDown, Outcome, Unanswered, Verdict
from crm_core.messaging.schemas import MessageStatus

FIRST_RETRY, LONGEST_RETRY = timedelta(seconds=30), timedelta(hours=1)

UNANSWERED = ("unanswered", "The provider did not say whether it has the message.")
INTERRUPTED = ("interrupted", "The worker stopped while it was handing the message over.")
GAVE_UP = "gave_up"
_log = logging.getLogger(__name__)


def hand_over(gateway: Gateway, messages: Sequence[Message]) -> dict[int, Outcome]:
    """The provider's answer for each message it gave one for.

    Raises:
        GatewayDown: surely nothing was accepted.
    """
    try:
        outcomes = gateway.send([message.letter() for message in messages])
    except GatewayDown:
        raise
    except Unanswered as silence:
        _log.warning("%s did not answer: %s", gateway.name, silence)
        return {}
    except Exception:  # noqa: BLE001  (a bug of the adapter: what it did nobody knows)
        _log.exception("%s broke while it sent", gateway.name)
        return {}
    return {outcome.id: outcome for outcome in outcomes}


def look_up(gateway: Gateway, messages: Sequence[Message]) -> dict[int, Outcome]:
    """What the provider knows of messages that it may have got."""
    try:
        outcomes = gateway.look_up([message.letter() for message in messages])
    except Exception:  # noqa: BLE001  (it may be asked again)
        _log.exception("%s could not be asked what it got", gateway.name)
        return {}
    return {outcome.id: outcome for outcome in outcomes}


@dataclass(frozen=True)
class Reading:
    """How answers are read.

    Attributes:
        silent: reason code and sentence for what was not answered.
    """

    provider: str
    most_attempts: int
    now: datetime
    silent: tuple[str, str] = UNANSWERED

    def results(self, messages: Sequence[Message], outcomes: Mapping[int, Outcome]) -> list[Result]:
        """What each message becomes by these answers; without one it is unknown."""
        return [self._result(message, outcomes.get(message.id)) for message in messages]

    def _result(self, message: Message, outcome: Outcome | None) -> Result:
        if outcome is None or outcome.verdict is Verdict.UNKNOWN:
            reason, sentence = self.silent
            said = outcome.error if outcome is not None and outcome.error else sentence
            return self._handed(message, MessageStatus.UNKNOWN, reason, said)
        if outcome.verdict is Verdict.ACCEPTED:
            sent = self._handed(message, MessageStatus.SENT, None, None)
            sent.provider_id = outcome.provider_id and clean(outcome.provider_id)
            sent.cost = message.price if outcome.cost is None else outcome.cost
            return sent
        if outcome.verdict is Verdict.REFUSED:
            reason = clean(outcome.code or "") or "refused"
            refused = self._handed(message, MessageStatus.FAILED, reason, outcome.error)
            refused.hard = outcome.hard
            return refused
        if outcome.verdict is Verdict.NOT_BEGUN:
            due_at = self.now + FIRST_RETRY
            return Result(message, MessageStatus.PENDING, "retry", outcome.error, due_at=due_at)
        return self._again(message, outcome)

    def _again(self, message: Message, outcome: Outcome) -> Result:
        """It waits for another attempt, or has had enough of them."""
        attempts = message.attempts + 1
        if attempts >= self.most_attempts:
            return self._handed(message, MessageStatus.FAILED, GAVE_UP, outcome.error)
        asked = timedelta(seconds=outcome.retry_after or 0)
        waits = self._handed(message, MessageStatus.PENDING, "retry", outcome.error)
        waits.due_at = self.now + max(asked, backoff(attempts))
        return waits

    def _handed(
        self, message: Message, status: MessageStatus, reason: str | None, error: str | None
    ) -> Result:
        said = error and clean(error)
        return Result(message, status, reason, said, provider=self.provider, handed=True)


def trouble(messages: Sequence[Message], outcomes: Mapping[int, Outcome]) -> str | None:
    """Why the provider is taken to be in trouble: it answered for nothing of a whole chunk."""
    if not messages or any(outcome.verdict.is_answer for outcome in outcomes.values()):
        return None
    first = outcomes.get(messages[0].id)
    return (first and first.error) or UNANSWERED[1]


def backoff(attempts: int) -> timedelta:
    """How long a message waits after so many attempts: half a minute, doubling up to an hour."""
    return min(FIRST_RETRY * (1 << min(attempts - 1, 10)), LONGEST_RETRY)
