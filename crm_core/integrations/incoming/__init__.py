"""What other systems tell us: each event acts once, and one that is refused is kept with why."""

from crm_core.integrations.incoming.taking import Taken, keep_refused, list_events, take

__all__ = ["Taken", "keep_refused", "list_events", "take"]
