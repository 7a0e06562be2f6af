"""What the conditions of a segment choose from, and how it reads."""

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


def options(kind: Kind, spec: FieldSpec) -> dict[Any, str]:
    """What there is to choose from, and how it reads."""
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
        if spec is FIELDS[SegmentField.CAMPAIGN]:
            found = campaigns.list_campaigns(CampaignFilter(limit=100)).page(session)
            return {one.id: one.name for one in found.rows}
        return {one.id: one.name for one in hospitals.all_hospitals(session)}
