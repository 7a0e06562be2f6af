"""Letters to hand to a gateway."""

from crm_core.messaging.gateways import Letter
from crm_core.messaging.schemas import Purpose


def make_letter(number: int = 1, **more: object) -> Letter:
    """A reminder to a Nigerian number; ``more`` replaces what is asked for."""
    wanted: dict[str, object] = {
        "id": number,
        "key": f"crm-{number}",
        "address": f"+23480123{number:05}",
        "subject": None,
        "content": "See you tomorrow.",
        "purpose": Purpose.REMINDER,
    }
    return Letter(**(wanted | more))  # type: ignore[arg-type]  # the words of the class
