"""Opening an export of a data set: who may, and what goes out."""

from psycopg import sql
from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from crm_core.base.paging import EXACT
from crm_core.base.read import execute
from crm_core.base.statements import compiled_text
from crm_core.insights.exports.datasets import DATASETS, Dataset, ExportFilter, filter_for
from crm_core.insights.exports.streaming import Export, Format, as_text
from crm_core.people.schemas import Actor, Permission


class ExportRequest(ExportFilter):
    """Which set, as which file, and the filters of its list."""

    dataset: Dataset
    format: Format = Format.CSV


def open_export(dataset: Dataset, format_: Format, given: ExportFilter, *, actor: Actor) -> Export:
    """An export of everything that the filters leave, whatever page they ask for.

    Identifiers are among the columns only if the actor may see them.
    """
    actor.require(Permission.EXPORT)
    filters = filter_for(dataset, given)
    spec = DATASETS[dataset]
    may_see = actor.may(Permission.IDENTIFIERS_REVEAL)
    columns = [column for column in spec.columns if may_see or not column.identifier]
    conditions, values = spec.listing.conditions(filters)
    selected = [as_text(column, format_).label(column.name) for column in columns]
    statement = compiled_text(spec.source.add_columns(*selected).where(*conditions))
    said = filters.model_dump(mode="json", exclude_defaults=True, exclude={"page", "limit"})
    return Export(
        what=dataset.value,
        file=f"loyalty-{dataset}",
        table="crm_patients",
        format=format_,
        columns=columns,
        statement=statement,
        values=values,
        filters={name: str(value) for name, value in said.items()},
        actor=actor,
    )


def count_rows(session: Session, dataset: Dataset, given: ExportFilter) -> tuple[int, bool]:
    """How many rows would go out, and whether that is an estimate: beyond a thousand it is."""
    filters = filter_for(dataset, given)
    spec = DATASETS[dataset]
    conditions, values = spec.listing.conditions(filters)
    matching = compiled_text(spec.source.add_columns(literal_column("1")).where(*conditions))
    # Put together from a text that was compiled and a number of our own.
    first = f"SELECT count(*) FROM ({matching} LIMIT {EXACT + 1}) AS first"  # noqa: S608
    counted = int(execute(session, first, values).scalar_one())
    if counted <= EXACT:
        return counted, False
    # The planner is asked about the text with the values in it.
    whole = matching % {name: sql.Literal(value).as_string(None) for name, value in values.items()}
    estimate = session.execute(select(func.crm_estimate(whole))).scalar_one()
    return max(int(estimate), EXACT + 1), True
