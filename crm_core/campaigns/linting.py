"""What about a campaign's texts its drafter should know before anybody reads them."""

import re
from collections.abc import Iterator

from crm_core.campaigns.schemas import CampaignCreate, CampaignType, ChannelText, Finding, texts_of
from crm_core.messaging.parts import sms_parts, warning_of
from crm_core.messaging.schemas import Channel

LONG_SMS = 4
"""Parts from which on a text is better cut than paid for."""

# Words for which carriers in Nigeria hold back bulk messages, because fraudsters use them.
BLOCKED = (
    "act now",
    "atm pin",
    "bank verification",
    "bet",
    "bvn",
    "claim your prize",
    "congratulations you",
    "free money",
    "jackpot",
    "loan",
    "lottery",
    "otp",
    "password",
    "pin code",
    "winner",
    "you have won",
)
_BLOCKED = re.compile(r"\b(" + "|".join(map(re.escape, BLOCKED)) + r")\b", re.IGNORECASE)
_OPT_OUT = re.compile(r"\bstop\b|unsubscribe|opt(ing)? out", re.IGNORECASE)


def lint_campaign(campaign: CampaignCreate) -> list[Finding]:
    """Errors, which stop a launch, and warnings, for each channel's text."""
    return [
        finding
        for channel, text in texts_of(campaign).items()
        for finding in _findings(channel, text, campaign.type)
    ]


def _findings(channel: Channel, text: ChannelText, kind: CampaignType) -> Iterator[Finding]:
    if channel is Channel.SMS:
        yield from _about_sms(text.body)
    if channel in {Channel.PUSH, Channel.CALL}:
        yield _warn(channel, "not_sent", f"Nothing sends {channel} yet: nobody gets it there.")
    if kind is CampaignType.PROMOTIONAL and not _OPT_OUT.search(text.body):
        yield _missing_opt_out(channel)


def _about_sms(body: str) -> Iterator[Finding]:
    letters = warning_of(body)
    if letters is not None:
        yield _warn(Channel.SMS, "expensive_letters", letters)
    found = sorted({word.lower() for word in _BLOCKED.findall(body)})
    if found:
        named = ", ".join(f"“{word}”" for word in found)
        sentence = f"Carriers hold back messages with {named}: say it in other words."
        yield _warn(Channel.SMS, "blocked_words", sentence)
    parts = sms_parts(body).parts
    if parts >= LONG_SMS:
        yield _warn(Channel.SMS, "long", f"This takes {parts} parts, each of which is paid for.")


def _missing_opt_out(channel: Channel) -> Finding:
    """By law a promotional email says how to get no more of them; an SMS should."""
    if channel is Channel.EMAIL:
        sentence = "A promotional email must say how to opt out: add a line such as"
        sentence += " “To get no more of these emails, answer STOP”."
        return Finding(channel=channel, code="no_opt_out", sentence=sentence, error=True)
    return _warn(channel, "no_opt_out", "Say how to opt out, such as “Reply STOP to opt out”.")


def _warn(channel: Channel, code: str, sentence: str) -> Finding:
    return Finding(channel=channel, code=code, sentence=sentence, error=False)
