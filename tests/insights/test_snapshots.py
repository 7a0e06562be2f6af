"""Snapshots for analytics: whole, documented, once a day, and of nobody by name."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pa_parquet
import pytest
from sqlalchemy.orm import Session

from crm_core.base.errors import Conflict
from crm_core.insights.exports import snapshots
from crm_core.insights.exports.datasets import Dataset
from crm_core.insights.exports.snapshots import take_snapshot
from crm_core.worker.snapshots import take_nightly_snapshot
from tests.make_campaigns import make_launched
from tests.make_patients import make_patient

FILES = {*(f"{dataset}.parquet" for dataset in Dataset), "campaigns.parquet", "about.json"}


@pytest.fixture
def busy(session: Session) -> None:
    """A patient who got a campaign."""
    make_patient(session, "Zainab Bello", email="zainab@example.ng")
    make_launched(session, name="Malaria week")


@pytest.mark.usefixtures("busy")
def test_every_set_is_there_with_what_its_columns_mean(tmp_path: Path) -> None:
    place = take_snapshot(tmp_path, who="command:test")
    about = json.loads((place / "about.json").read_text())
    assert {file.name for file in place.iterdir()} == FILES
    for name, columns in about["files"].items():
        assert pa_parquet.read_table(place / name).column_names == list(columns)


@pytest.mark.usefixtures("busy")
def test_campaigns_come_with_their_effect(tmp_path: Path) -> None:
    place = take_snapshot(tmp_path, who="command:test")
    [row] = pa_parquet.read_table(place / "campaigns.parquet").to_pylist()
    assert (row["name"], row["recipients"], row["conclusion"]) == ("Malaria week", 1, "no_goal")


@pytest.mark.usefixtures("busy")
def test_nobody_is_named(tmp_path: Path) -> None:
    place = take_snapshot(tmp_path, who="command:test")
    for file in place.glob("*.parquet"):
        said = str(pa_parquet.read_table(file).to_pylist())
        assert "Bello" not in said
        assert "zainab@" not in said


@pytest.mark.usefixtures("busy")
def test_a_day_has_one_and_a_broken_one_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(snapshots, "_write_campaigns", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            take_snapshot(tmp_path, who="command:test")
    assert list((tmp_path / "v1").iterdir()) == []
    take_snapshot(tmp_path, who="command:test")
    with pytest.raises(Conflict, match="already"):
        take_snapshot(tmp_path, who="command:test")


@pytest.mark.usefixtures("busy")
def test_the_worker_takes_one_where_a_folder_is_named(
    tmp_path: Path, set_environment: Callable[..., None]
) -> None:
    take_nightly_snapshot(timestamp=0)
    assert list(tmp_path.iterdir()) == []
    set_environment(CRM_SNAPSHOT_DIR=str(tmp_path))
    take_nightly_snapshot(timestamp=0)
    take_nightly_snapshot(timestamp=0)
    assert len(list((tmp_path / "v1").iterdir())) == 1
