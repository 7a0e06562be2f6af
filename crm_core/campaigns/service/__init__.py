"""Commands of the campaigns domain, by what a person does: draft, approve, launch, steer."""

from crm_core.campaigns.service.approving import (
    approve_campaign,
    reject_campaign,
    submit_campaign,
)
from crm_core.campaigns.service.converting import count_conversions
from crm_core.campaigns.service.drafting import create_campaign, update_campaign, upload_list
from crm_core.campaigns.service.launching import (
    launch_campaign,
    launch_due,
    open_daily_runs,
    schedule_campaign,
    take_up_left_runs,
    unschedule_campaign,
)
from crm_core.campaigns.service.running import work_on_run
from crm_core.campaigns.service.steering import (
    cancel_campaign,
    clear_cancelled_campaigns,
    complete_finished,
    fold_counts,
    pause_campaign,
    resume_campaign,
    send_test,
)
from crm_core.campaigns.service.writing import write_batch

__all__ = [
    "approve_campaign",
    "cancel_campaign",
    "clear_cancelled_campaigns",
    "complete_finished",
    "count_conversions",
    "create_campaign",
    "fold_counts",
    "launch_campaign",
    "launch_due",
    "open_daily_runs",
    "pause_campaign",
    "reject_campaign",
    "resume_campaign",
    "schedule_campaign",
    "send_test",
    "submit_campaign",
    "take_up_left_runs",
    "unschedule_campaign",
    "update_campaign",
    "upload_list",
    "work_on_run",
    "write_batch",
]
