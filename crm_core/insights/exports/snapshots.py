"""Snapshots for analytics: Parquet files of loyalty and campaign effect, documented and versioned.

``<folder>/v1/2026-11-24/`` holds a file a set and ``about.json``, which says what each column is.
A snapshot stands there whole or not at all: it is written beside its place and renamed. No
identifier is in it, whoever makes it.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pa_parquet
from sqlalchemy.orm import Session

from crm_core.base.clock import lagos_today, utc_now
from crm_core.base.db import reading
from crm_core.base.errors import Conflict
from crm_core.campaigns import effects
from crm_core.campaigns.queries import list_campaigns
from crm_core.campaigns.schemas import CampaignFilter, Comparison
from crm_core.insights.exports.datasets import Dataset, ExportFilter, documentation
from crm_core.insights.exports.service import open_export
from crm_core.insights.exports.streaming import Format
from crm_core.people.schemas import Actor, Permission

VERSION = "v1"
"""Another one when a column goes or changes its meaning; a new column keeps it."""

_RIGHTS = frozenset({Permission.EXPORT, Permission.LOYALTY_READ, Permission.CAMPAIGNS_READ})
_AT_ONCE = 20  # campaigns compared in one go
_CAMPAIGNS: dict[str, tuple[pa.DataType, str]] = {
    "campaign_id": (pa.int64(), "Grows with time"),
    "name": (pa.string(), "As its drafter called it"),
    "type": (pa.string(), "promotional, educational, reminder, follow_up or survey"),
    "status": (pa.string(), "Where it stood at the time of the snapshot"),
    "recipients": (pa.int64(), "People it was sent to"),
    "sent": (pa.int64(), "Messages that a provider accepted"),
    "delivered": (pa.int64(), "Messages that arrived"),
    "read": (pa.int64(), "Messages that were read, where the channel says so"),
    "answered": (pa.int64(), "Messages that were answered"),
    "failed": (pa.int64(), "Messages that reached nobody"),
    "cost": (pa.float64(), "Naira"),
    "goal": (pa.string(), "What it was to bring about"),
    "treated": (pa.int64(), "People written to, as the effect counts them"),
    "treated_converted": (pa.int64(), "Of these, who did what it was for"),
    "control": (pa.int64(), "People left out by lot"),
    "control_converted": (pa.int64(), "Of these, who did it all the same"),
    "difference": (pa.float64(), "Share of those written to less that of the control group, of 1"),
    "low": (pa.float64(), "Lower end of its 95 % interval"),
    "high": (pa.float64(), "Upper end"),
    "conclusion": (pa.string(), "What the comparison says, such as more or too_early"),
}


def take_snapshot(folder: Path, *, who: str) -> Path:
    """Writes today's snapshot; gives where it stands.

    Raises:
        Conflict: today's is there already.
    """
    place = folder / VERSION / f"{lagos_today()}"
    if place.exists():
        raise Conflict(f"Today's snapshot is there already: {place}.")
    place.parent.mkdir(parents=True, exist_ok=True)
    actor = Actor(key=who, person=who, name=who, permissions=_RIGHTS)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
    try:
        for dataset in Dataset:
            _write_set(making, dataset, actor)
        _write_campaigns(making, actor)
        (making / "about.json").write_text(json.dumps(_about(), indent=2), encoding="utf-8")
        making.chmod(0o755)
        os.rename(making, place)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return place


def _write_set(folder: Path, dataset: Dataset, actor: Actor) -> None:
    export = open_export(dataset, Format.PARQUET, ExportFilter(), actor=actor)
    with (folder / f"{dataset}.parquet").open("wb") as file:
        for chunk in export.chunks():
            file.write(chunk)


def _write_campaigns(folder: Path, actor: Actor) -> None:
    schema = pa.schema([(name, kind) for name, (kind, _) in _CAMPAIGNS.items()])
    file = folder / "campaigns.parquet"
    with reading() as session, pa_parquet.ParquetWriter(file, schema) as writer:
        for compared in _compared(session, actor):
            rows = [_row(one) for one in compared]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _compared(session: Session, actor: Actor) -> Iterator[list[Comparison]]:
    """Every campaign with its effect, the newest first, a few at a time."""
    cursor: str | None = None
    while True:
        page = list_campaigns(CampaignFilter(limit=_AT_ONCE, cursor=cursor)).page(session)
        if page.rows:
            ids = [campaign.id for campaign in page.rows]
            yield effects.compare_campaigns(session, ids, actor=actor)
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(one: Comparison) -> dict[str, Any]:
    effect = one.effect
    return {
        "campaign_id": one.id,
        "name": one.name,
        "type": one.type.value,
        "status": one.status.value,
        "recipients": one.recipients,
        "sent": one.sent,
        "delivered": one.delivered,
        "read": one.read,
        "answered": one.answered,
        "failed": one.failed,
        "cost": float(one.cost),
        "goal": effect.goal.value,
        "treated": effect.treated.people,
        "treated_converted": effect.treated.converted,
        "control": effect.control.people,
        "control_converted": effect.control.converted,
        "difference": effect.difference,
        "low": effect.low,
        "high": effect.high,
        "conclusion": effect.conclusion.value,
    }


def _about() -> dict[str, Any]:
    """What the files hold, for whoever finds them."""
    sets = {
        f"{dataset}.parquet": {
            column.name: column.meaning
            for column in documentation(dataset)
            if not column.identifier
        }
        for dataset in Dataset
    }
    campaigns = {name: meaning for name, (_, meaning) in _CAMPAIGNS.items()}
    return {
        "version": VERSION,
        "taken_at": utc_now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "files": {**sets, "campaigns.parquet": campaigns},
    }
