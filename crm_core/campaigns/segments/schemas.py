"""The words of segments: conditions joined by all or any, in groups that may lie in each other.

A segment is kept as JSON with its version::

    {"version": 1, "match": "all", "conditions": [
        {"field": "age", "operator": "at_least", "value": 50},
        {"match": "any", "conditions": [
            {"field": "state", "operator": "is_any_of", "value": ["Lagos"]},
            {"field": "points", "operator": "between", "value": [100, 500]}]}]}
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from crm_core.base.validation import problems_of
from crm_core.campaigns.segments import values
from crm_core.campaigns.segments.values import Kind
from crm_core.people.schemas import Actor, Permission

MOST_CONDITIONS = 50
DEEPEST = 4


class SegmentField(StrEnum):
    """What a patient may be chosen by."""

    AGE = "age"
    SEX = "sex"
    STATE = "state"
    LGA = "lga"
    HOSPITAL = "hospital"
    TIER = "tier"
    POINTS = "points"
    POINTS_EXPIRING = "points_expiring"
    LAST_VISIT = "last_visit"
    VISITS = "visits"
    NO_SHOWS = "no_shows"
    BOOKED = "booked"
    CONDITIONS = "conditions"
    CONSENT = "consent"
    CAMPAIGN = "campaign"


class Operator(StrEnum):
    """How a field is compared."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    IS_ANY_OF = "is_any_of"
    IS_NONE_OF = "is_none_of"
    INCLUDES_ANY_OF = "includes_any_of"
    INCLUDES_ALL_OF = "includes_all_of"
    INCLUDES_NONE_OF = "includes_none_of"
    WITHIN_DAYS = "within_days"
    LONGER_AGO_THAN_DAYS = "longer_ago_than_days"
    ON_OR_AFTER = "on_or_after"
    ON_OR_BEFORE = "on_or_before"
    NEVER = "never"
    SINCE = "since"
    NOT_SINCE = "not_since"
    TOOK_PART = "took_part"
    DID_NOT_TAKE_PART = "did_not_take_part"


class Match(StrEnum):
    """Whether all of the conditions must hold, or any of them."""

    ALL = "all"
    ANY = "any"


class FieldSpec(BaseModel):
    """A field as forms and the API's documentation show it: which operators take which value."""

    model_config = ConfigDict(frozen=True)

    label: str
    operators: dict[Operator, Kind]
    sensitive: bool = False


_O = Operator
_NUMBERS = {_O.AT_LEAST: Kind.NUMBER, _O.AT_MOST: Kind.NUMBER, _O.BETWEEN: Kind.NUMBERS}


def _one_of(kind: Kind) -> dict[Operator, Kind]:
    return {_O.IS_ANY_OF: kind, _O.IS_NONE_OF: kind}


FIELDS: dict[SegmentField, FieldSpec] = {
    SegmentField.AGE: FieldSpec(label="Age in years", operators=_NUMBERS),
    SegmentField.SEX: FieldSpec(label="Sex", operators=_one_of(Kind.SEXES)),
    SegmentField.STATE: FieldSpec(label="State", operators=_one_of(Kind.STATES)),
    SegmentField.LGA: FieldSpec(label="Local government area", operators=_one_of(Kind.AREAS)),
    SegmentField.HOSPITAL: FieldSpec(label="Hospital", operators=_one_of(Kind.RECORDS)),
    SegmentField.TIER: FieldSpec(label="Tier", operators=_one_of(Kind.TIERS)),
    SegmentField.POINTS: FieldSpec(label="Points", operators=_NUMBERS),
    SegmentField.POINTS_EXPIRING: FieldSpec(
        label="Points that expire", operators={_O.WITHIN_DAYS: Kind.EXPIRING}
    ),
    SegmentField.LAST_VISIT: FieldSpec(
        label="Last visit",
        operators={
            _O.WITHIN_DAYS: Kind.DAYS,
            _O.LONGER_AGO_THAN_DAYS: Kind.DAYS,
            _O.ON_OR_AFTER: Kind.DAY,
            _O.ON_OR_BEFORE: Kind.DAY,
            _O.NEVER: Kind.NOTHING,
        },
    ),
    SegmentField.VISITS: FieldSpec(label="Visits so far", operators=_NUMBERS),
    SegmentField.NO_SHOWS: FieldSpec(label="Missed appointments", operators=_NUMBERS),
    SegmentField.BOOKED: FieldSpec(
        label="Booked an appointment",
        operators={_O.SINCE: Kind.DAY, _O.NOT_SINCE: Kind.DAY},
    ),
    SegmentField.CONDITIONS: FieldSpec(
        label="Chronic conditions",
        operators={_O.INCLUDES_ANY_OF: Kind.WORDS, _O.INCLUDES_NONE_OF: Kind.WORDS},
        sensitive=True,
    ),
    SegmentField.CONSENT: FieldSpec(
        label="Agreed to",
        operators={
            _O.INCLUDES_ANY_OF: Kind.CHANNELS,
            _O.INCLUDES_ALL_OF: Kind.CHANNELS,
            _O.INCLUDES_NONE_OF: Kind.CHANNELS,
        },
    ),
    SegmentField.CAMPAIGN: FieldSpec(
        label="Earlier campaign",
        operators={_O.TOOK_PART: Kind.RECORDS, _O.DID_NOT_TAKE_PART: Kind.RECORDS},
    ),
}


class Condition(BaseModel):
    """One thing that must be true of a patient; ``value`` is kept as the operator wants it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: str = Field(description="One of: " + ", ".join(SegmentField))
    operator: str
    value: JsonValue = None

    @model_validator(mode="before")
    @classmethod
    def belongs_together(cls, given: object) -> object:
        """Field, operator and value fit each other; the refusal names what does not."""
        if not isinstance(given, dict) or not isinstance(given.get("field"), str):
            return given
        spec = _spec_of(given["field"])
        kind = _kind_of(given["field"], spec, given.get("operator"))
        compared = f"{given['field']} {given['operator']}"
        return {**given, "value": _checked(compared, kind, given.get("value"))}

    @property
    def spec(self) -> FieldSpec:
        """What the field takes, and how it is called."""
        return FIELDS[SegmentField(self.field)]

    def given(self) -> Any:
        """The value as Python has it: days are dates."""
        kind = self.spec.operators[Operator(self.operator)]
        return values.ADAPTERS[kind].validate_python(self.value)


def _kind_of_part(given: object) -> str:
    whole = "conditions" in given if isinstance(given, dict) else isinstance(given, Group)
    return "group" if whole else "condition"


def _describe_one_level(described: dict[str, Any]) -> None:
    """A group within a group is described in words: programs that read the document do not nest."""
    inner = {
        "type": "object",
        "required": ["conditions"],
        "description": "A further group: `match` and `conditions` as here",
    }
    described["items"] = {"oneOf": [described["items"]["oneOf"][0], inner]}


class Group(BaseModel):
    """Conditions and further groups, all or any of which must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Match = Match.ALL
    conditions: list[
        Annotated[
            Annotated[Condition, Tag("condition")] | Annotated["Group", Tag("group")],
            Discriminator(_kind_of_part),
        ]
    ] = Field(
        default_factory=list, max_length=MOST_CONDITIONS, json_schema_extra=_describe_one_level
    )

    def every_condition(self) -> Iterator[Condition]:
        """Those of the groups inside, too."""
        for part in self.conditions:
            if isinstance(part, Condition):
                yield part
            else:
                yield from part.every_condition()

    def hollow(self) -> bool:
        """Whether it, or a group inside, has no conditions."""
        inner = [part.hollow() for part in self.conditions if isinstance(part, Group)]
        return not self.conditions or any(inner)

    def depth(self) -> int:
        """How many groups lie in each other."""
        inner = [part.depth() for part in self.conditions if isinstance(part, Group)]
        return 1 + max(inner, default=0)


class Criteria(Group):
    """A whole segment, with the version of this language that it is written in."""

    version: Literal[1] = 1

    @model_validator(mode="after")
    def readable(self) -> "Criteria":
        """A segment that a person can still read, and that chooses nobody by an empty group."""
        if sum(1 for _ in self.every_condition()) > MOST_CONDITIONS:
            raise ValueError(f"a segment has at most {MOST_CONDITIONS} conditions")
        if self.depth() > DEEPEST:
            raise ValueError(f"groups lie at most {DEEPEST} deep in each other")
        if any(part.hollow() for part in self.conditions if isinstance(part, Group)):
            raise ValueError("a group without conditions holds for everybody: leave it out")
        return self

    @property
    def sensitive(self) -> bool:
        """Whether it chooses patients by their health."""
        return any(condition.spec.sensitive for condition in self.every_condition())

    def campaigns(self) -> set[int]:
        """The earlier campaigns that it chooses by."""
        fields = [one for one in self.every_condition() if one.field == SegmentField.CAMPAIGN]
        return {number for condition in fields for number in condition.given()}

    def require(self, actor: Actor) -> None:
        """Raises ``Forbidden`` where the actor may not choose patients by such conditions.

        What the campaigns that they name chose by is not seen from here: ``require_choice`` does.
        """
        if self.sensitive:
            actor.require(Permission.SENSITIVE_READ)


def _spec_of(field: str) -> FieldSpec:
    try:
        return FIELDS[SegmentField(field)]
    except ValueError:
        known = ", ".join(SegmentField)
        raise ValueError(f"there is no field “{field[:40]}” to choose by: use {known}") from None


def _kind_of(field: str, spec: FieldSpec, operator: object) -> Kind:
    try:
        return spec.operators[Operator(str(operator))]
    except (ValueError, KeyError):
        known = ", ".join(spec.operators)
        shown = str(operator)[:40]
        raise ValueError(f"{field} is not compared by “{shown}”: use {known}") from None


def _checked(compared: str, kind: Kind, given: object) -> JsonValue:
    """The value in its usual form, as JSON."""
    adapter: TypeAdapter[Any] = values.ADAPTERS[kind]
    try:
        checked: JsonValue = adapter.dump_python(adapter.validate_python(given), mode="json")
    except ValidationError as error:
        problem = problems_of(error)[0]
        where = f" ({problem.path})" if problem.path else ""
        sentence = problem.message[0].lower() + problem.message[1:]
        raise ValueError(f"{compared}{where}: {sentence}") from error
    return checked
