"""How campaigns are told: audiences, goals, and a segment as sentences."""

from collections.abc import Iterator
from datetime import date

from crm_core.campaigns.schemas import Goal, TargetAudience
from crm_core.campaigns.segments.schemas import Condition, Criteria, Group, Match, Operator
from crm_core.campaigns.segments.values import Kind
from crm_core.ui.campaigns import choices
from crm_core.ui.formatting import counted, day
from crm_core.ui.states import label_of

AUDIENCES = {
    TargetAudience.ALL_PATIENTS.value: "All patients",
    TargetAudience.SPECIFIC_SEGMENT.value: "A segment",
    TargetAudience.ALL_OWNERS.value: "All owners",
    TargetAudience.CUSTOM.value: "An uploaded list",
}
GOALS = {
    Goal.NONE.value: "Nothing that is counted",
    Goal.APPOINTMENT_BOOKED.value: "Appointments booked",
    Goal.VISIT_COMPLETED.value: "Visits completed",
    Goal.SURVEY_ANSWERED.value: "Surveys answered",
}
_OPERATORS = {
    Operator.WITHIN_DAYS.value: "within so many days",
    Operator.LONGER_AGO_THAN_DAYS.value: "longer ago than so many days",
}
MATCHES = {Match.ALL.value: "all of these hold", Match.ANY.value: "any of these holds"}


def told(criteria: Criteria) -> str:
    """A segment in words, a line a condition; what lies in a group is set in."""
    if not criteria.conditions:
        return "Everybody: the segment has no condition."
    return "\n".join(_lines(criteria, 0))


def operator(name: str) -> str:
    """How a comparison reads: ``at_least`` → ``at least``."""
    return _OPERATORS.get(name) or label_of(name).lower()


def _lines(group: Group, depth: int) -> Iterator[str]:
    indent = "    " * depth
    yield f"{indent}{'Patients for whom' if depth == 0 else 'and'} {MATCHES[group.match.value]}:"
    for part in group.conditions:
        if isinstance(part, Condition):
            yield f"{indent}  • {_sentence(part)}"
        else:
            yield from _lines(part, depth + 1)


def _sentence(condition: Condition) -> str:
    how, value = operator(condition.operator), _value(condition)
    said = how.replace("so many days", value) if "so many days" in how else f"{how} {value}"
    return f"{condition.spec.label}: {said}".strip()


def _value(condition: Condition) -> str:
    kind = condition.spec.operators[Operator(condition.operator)]
    given = condition.value
    if kind is Kind.EXPIRING and isinstance(given, dict):
        return f"{given['days']:,} days, at least {given['points']:,}"
    if kind is Kind.NUMBERS and isinstance(given, list):
        return " and ".join(f"{number:,}" for number in given)
    if isinstance(given, list):
        names = {} if kind is Kind.WORDS else choices.options(kind, condition.spec, given)
        return ", ".join(names.get(one, f"{one}") for one in given)
    return _single(kind, given)


def _single(kind: Kind, given: object) -> str:
    if kind is Kind.DAY:
        return day(date.fromisoformat(str(given)))
    if isinstance(given, int):
        return counted(given, "day") if kind is Kind.DAYS else f"{given:,}"
    return "" if kind is Kind.NOTHING else f"{given}"
