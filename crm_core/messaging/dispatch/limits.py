"""What holds a message back although it may be sent: the hours, the week's share, the pace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.base.clock import to_lagos
from crm_core.messaging.schemas import Channel

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Limits:
    """The figures in force.

    Attributes:
        weekly_cap: promotional, educational and survey messages that a patient gets in a week.
        quiet_from, quiet_to: hours of the day in Lagos between which none of them is sent.
        most_attempts: so often a message is handed over before it is given up.
        a_second: channel → messages a second; 0 is no limit.
    """

    weekly_cap: int
    quiet_from: int
    quiet_to: int
    most_attempts: int
    a_second: dict[Channel, Decimal]

    def quiet_until(self, now: datetime) -> datetime | None:
        """When the quiet hours end that it is now; None outside of them."""
        local = to_lagos(now)
        hours = [(self.quiet_from - self.quiet_to) % 24, (local.hour - self.quiet_to) % 24]
        if hours[0] == 0 or hours[1] < hours[0]:
            return None
        end = local.replace(hour=self.quiet_to, minute=0, second=0, microsecond=0)
        return end if end > local else end + timedelta(days=1)


def limits_in_force(session: Session) -> Limits:
    """What the settings say now."""
    found = {row.name: row.value for row in session.execute(_LIMITS)}
    return Limits(
        weekly_cap=int(found["messaging.weekly_cap"]),
        quiet_from=int(found["messaging.quiet_from"]),
        quiet_to=int(found["messaging.quiet_to"]),
        most_attempts=int(found["messaging.most_attempts"]),
        a_second={c: found.get(f"messaging.{c}_a_second", Decimal(0)) for c in Channel},
    )


_LIMITS = text("SELECT name, value FROM crm_parameters WHERE name LIKE 'messaging.%'")
