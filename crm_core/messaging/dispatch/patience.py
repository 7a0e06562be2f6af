"""Transactions that outlast a database which is away for a moment.

What a provider has answered is worth waiting for: if it is not written down, people have to find
out what became of those messages.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from crm_core.base.db import transaction

WHO = "job:dispatch"
PATIENCE = 60.0
_PAUSE = 0.5
_log = logging.getLogger(__name__)

T = TypeVar("T")


def lasting(act: Callable[[Session], T]) -> T:
    """Does this in a transaction; again and again where the database cannot be reached.

    It may have been done although no answer came: ``act`` must bear being repeated.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with transaction(who=WHO) as session:
                return act(session)
        except (OperationalError, InterfaceError) as trouble:
            if time.monotonic() > deadline:
                raise
            _log.warning("The database is away: %s", str(trouble.orig).strip())
            time.sleep(_PAUSE)
