"""A provider that reaches nobody: what is sent is kept in the outbox of files."""

from collections.abc import Sequence

from crm_core.base.clock import utc_now
from crm_core.messaging.gateways import outbox
from crm_core.messaging.gateways.interface import Letter, Outcome, Verdict
from crm_core.messaging.schemas import Channel

NAME = "sandbox"

NOTICE = "This is a sandbox: nothing reaches anybody, and receipts and answers are played."
"""What every page says that shows what the sandbox did."""


class Sandbox:
    """Accepts everything at once, and costs nothing."""

    name = NAME
    honours_keys = False
    sandbox = True

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def send(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Keeps the letters in the file of the day."""
        now = utc_now()
        kept = [
            outbox.Kept(
                at=now,
                channel=self.channel,
                provider_id=provider_id(one),
                id=one.id,
                address=one.address,
                subject=one.subject,
                content=one.content,
                purpose=one.purpose,
            )
            for one in letters
        ]
        outbox.append(kept)
        return [Outcome(one.id, Verdict.ACCEPTED, provider_id(one)) for one in letters]

    def look_up(self, letters: Sequence[Letter]) -> Sequence[Outcome]:
        """Whether the letters are in the outbox."""
        asked = {provider_id(letter) for letter in letters}
        kept = {found for found in outbox.ids() if found in asked}
        return [
            Outcome(one.id, Verdict.ACCEPTED, provider_id(one))
            if provider_id(one) in kept
            else Outcome(one.id, Verdict.RETRY)
            for one in letters
        ]


def provider_id(letter: Letter) -> str:
    """The sandbox's number of a letter, which its receipts name."""
    return f"{NAME}-{letter.key}"
