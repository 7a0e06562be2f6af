"""How often targets were met, by kind and priority."""

from collections.abc import Mapping

from crm_core.feedback.figures import queries
from crm_core.feedback.figures.schemas import StatsFilter, TargetFigures
from crm_core.feedback.schemas import Lateness, Priority
from crm_core.ui import charts
from crm_core.ui.charts import Chart, Series
from crm_core.ui.feedback.listing import opens_counted
from crm_core.ui.page import load
from crm_core.ui.states import Tone, label_of

_ORDER = {priority.value: place for place, priority in enumerate(reversed(Priority))}


def show(filters: StatsFilter) -> None:
    """Resolved in time and late, the most urgent first."""
    with load() as session:
        found = queries.by_target(session, filters)
    shown = sorted(
        (each for each in found if each.resolved), key=lambda one: (_ORDER[one.priority], one.type)
    )
    chart = Chart(
        labels=[f"{label_of(each.priority)} {label_of(each.type).lower()}" for each in shown],
        series=[
            Series("In time", [each.resolved - each.resolved_late for each in shown]),
            Series("Late", [each.resolved_late for each in shown], Tone.ROSE),
        ],
        alt="Cases resolved in time and late, by priority and kind",
        empty="No case was resolved in the last year.",
        name="feedback-targets",
        money=False,
        height=max(200, 34 * len(shown) + 40),
        opens=lambda label, series: _opens(filters, shown[label], late=series == 1),
    )
    charts.bars(chart, sideways=True)


def _opens(filters: StatsFilter, each: TargetFigures, *, late: bool) -> Mapping[str, str | None]:
    lateness = Lateness.RESOLUTION if late else Lateness.RESOLUTION_IN_TIME
    return opens_counted(filters, type=each.type, priority=each.priority, late=lateness.value)
