"""The nightly snapshot for analytics, where the settings name a folder for it."""

import logging

from crm_core.base.errors import Conflict
from crm_core.base.settings import settings
from crm_core.insights.exports.snapshots import take_snapshot
from crm_core.worker.jobs import app

_log = logging.getLogger(__name__)


@app.periodic(cron="0 2 * * *")
@app.task(name="take_snapshot", queueing_lock="take_snapshot")
def take_nightly_snapshot(timestamp: int) -> None:  # noqa: ARG001  (the queue says when it was due)
    """Writes the day's Parquet files, once; does nothing where no folder is set."""
    folder = settings().crm_snapshot_dir
    if folder is None:
        return
    try:
        _log.info("Snapshot taken: %s", take_snapshot(folder, who="job:take_snapshot"))
    except Conflict as there:
        _log.info("%s", there)
