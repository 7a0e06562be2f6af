"""What the conditions of a segment choose from, and how it reads."""

from collections.abc import Sequence
from typing import Any

from crm_core.campaigns import queries as campaigns
from crm_core.campaigns.schemas import CampaignFilter
from crm_core.campaigns.segments.schemas import FIELDS, FieldSpec, SegmentField
from crm_core.campaigns.segments.values import ConsentChannel, Kind
from crm_core.hospitals import queries as hospitals
from crm_core.loyalty.schemas import Tier
from crm_core.patients.places import states
from crm_core.patients.schemas import Gender
from crm_core.ui.page import load
from crm_core.ui.states import label_of

MOST_CAMPAIGNS = 100
"""Earlier campaigns that are offered: the newest."""

_CAMPAIGN = FIELDS[SegmentField.CAMPAIGN]


def options(kind: Kind, spec: FieldSpec, kept: Sequence[Any] = ()) -> dict[Any, str]:
    """What there is to choose from, and how it reads.

    Args:
        kept: what was chosen before; it stays, also where it is not offered any more.
    """
    offered = _offered(kind, spec)
    others = [one for one in kept if one not in offered]
    return offered | (_not_offered(kind, spec, others) if others else {})


def _offered(kind: Kind, spec: FieldSpec) -> dict[Any, str]:
    if kind is Kind.AREAS:
        names = [f"{state.name}: {area}" for state in states() for area in state.areas]
        return {name: name for name in names}
    if kind is Kind.STATES:
        return {state.name: state.name for state in states()}
    if kind is Kind.RECORDS:
        return _records(spec)
    words = {Kind.SEXES: Gender, Kind.TIERS: Tier, Kind.CHANNELS: ConsentChannel}[kind]
    return {word.value: label_of(word.value) for word in words}


def _records(spec: FieldSpec) -> dict[Any, str]:
    with load() as session:
        if spec is _CAMPAIGN:
            newest = CampaignFilter(limit=MOST_CAMPAIGNS)
            found = campaigns.list_campaigns(newest).page(session)
            return {one.id: one.name for one in found.rows}
        return {one.id: one.name for one in hospitals.all_hospitals(session)}


def _not_offered(kind: Kind, spec: FieldSpec, kept: Sequence[Any]) -> dict[Any, str]:
    """Campaigns that are not among the newest have their names, records that are gone a number."""
    numbered = {one: f"{spec.label} {one}" if kind is Kind.RECORDS else f"{one}" for one in kept}
    if spec is not _CAMPAIGN:
        return numbered
    with load() as session:
        return numbered | campaigns.names_of(session, kept)
