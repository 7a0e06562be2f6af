"""What providers that speak HTTP share: one request a letter, a few at the same time.

The rule for every answer: it is either sure that nothing was accepted (the letter may be tried
again), or sure that it was or was not, or nothing is sure and a person or a receipt decides.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx2

from crm_core.base.settings import settings
from crm_core.messaging.gateways.interface import (
    GatewayDown,
    Letter,
    Outcome,
    Unanswered,
    Verdict,
)

Hand = Callable[[Letter], Outcome]
"""Hands one letter over; raises ``GatewayDown`` or ``Unanswered``."""

# Before a request has left nothing can have been accepted.
_NOT_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)
_LONGEST_ERROR = 300
_NOTHING_ACCEPTED = {Verdict.RETRY, Verdict.NOT_BEGUN}
_log = logging.getLogger(__name__)


def client(**more: Any) -> httpx2.Client:
    """Connections that are kept, with the timeout of the settings; redirects are not followed."""
    return httpx2.Client(timeout=settings().crm_gateway_timeout, **more)


def hand_over(letters: Sequence[Letter], hand: Hand) -> list[Outcome]:
    """An outcome each; after the first trouble no further letter is begun.

    Raises:
        GatewayDown: nothing was accepted.
        Unanswered: of none of them it is known.
    """
    trouble = Event()
    troubles: list[GatewayDown | Unanswered] = []

    def guarded(letter: Letter) -> Outcome:
        if trouble.is_set():
            return Outcome(letter.id, Verdict.NOT_BEGUN, error="The provider stopped answering.")
        try:
            return hand(letter)
        except (GatewayDown, Unanswered) as error:
            troubles.append(error)
            trouble.set()
            return _of_trouble(letter, error)
        except Exception as error:  # noqa: BLE001  (an answer nobody thought of: the others stand)
            trouble.set()
            _log.exception("An answer about message %s could not be understood", letter.id)
            sentence = f"The provider's answer could not be understood ({type(error).__name__})."
            return Outcome(letter.id, Verdict.UNKNOWN, error=sentence)

    with ThreadPoolExecutor(settings().crm_gateway_at_once) as threads:
        outcomes = list(threads.map(guarded, letters))
    verdicts = {outcome.verdict for outcome in outcomes}
    if troubles and (verdicts <= _NOTHING_ACCEPTED or verdicts == {Verdict.UNKNOWN}):
        raise troubles[0]
    return outcomes


def post(sender: httpx2.Client, address: str, **content: Any) -> httpx2.Response:
    """The provider's answer to one letter: 2xx, or 4xx that is about this letter.

    Raises:
        GatewayDown: it could not be reached, is busy, or turns us away whatever we send.
        Unanswered: the request left, and what became of it is not known.
    """
    try:
        answer = sender.post(address, **content)
    except _NOT_LEFT as error:
        raise GatewayDown(f"The provider could not be reached ({type(error).__name__}).") from error
    except httpx2.HTTPError as error:
        raise Unanswered(f"The provider did not answer ({type(error).__name__}).") from error
    number = answer.status_code
    if number in {429, 503}:
        raise GatewayDown(
            f"The provider asks to wait (HTTP {number}).", retry_after=_seconds(answer)
        )
    if number in {401, 403, 404} or 300 <= number < 400:
        raise GatewayDown(f"The provider turns us away (HTTP {number}): check key and address.")
    if number >= 500 or number == 408:
        raise Unanswered(f"The provider broke down (HTTP {number}).")
    return answer


def document(answer: httpx2.Response) -> Mapping[str, Any]:
    """The answer's JSON object.

    Raises:
        Unanswered: it is none, although the provider took the request.
    """
    try:
        found = answer.json()
    except (ValueError, RecursionError) as error:
        raise Unanswered("The provider's answer could not be read.") from error
    if not isinstance(found, dict):
        raise Unanswered("The provider's answer could not be read.")
    return found


def accepted(letter: Letter, provider_id: object) -> Outcome:
    """Accepted under this number; unknown where the provider gave none.

    Without a number no receipt would ever find it, and nobody could say whether it arrived.
    """
    if isinstance(provider_id, str | int) and str(provider_id):
        return Outcome(letter.id, Verdict.ACCEPTED, str(provider_id))
    return Outcome(letter.id, Verdict.UNKNOWN, error="The provider gave no number for the message.")


def refused(letter: Letter, sentence: object, code: object = "", *, hard: bool = False) -> Outcome:
    """Refused for good, in the provider's words."""
    words = str(sentence)[:_LONGEST_ERROR] or "The provider refused the message."
    return Outcome(letter.id, Verdict.REFUSED, error=words, code=str(code)[:60] or None, hard=hard)


def digits(address: str) -> str:
    """A number as these providers want it: 2348…, without a plus."""
    return address.removeprefix("+")


def _of_trouble(letter: Letter, error: GatewayDown | Unanswered) -> Outcome:
    if isinstance(error, Unanswered):
        return Outcome(letter.id, Verdict.UNKNOWN, error=str(error))
    return Outcome(letter.id, Verdict.RETRY, error=str(error), retry_after=error.retry_after)


def _seconds(answer: httpx2.Response) -> float | None:
    """Retry-After in seconds; a date, which no provider of ours sends, counts as not given."""
    given = answer.headers.get("retry-after", "")
    return float(given) if given.isdigit() else None
