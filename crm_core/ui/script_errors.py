"""What a person sees of an error that is ours: a reference, which the log has with the whole."""

import logging
import secrets

import streamlit as st

from crm_core.base.errors import Refusal
from crm_core.ui.plain import plain

_log = logging.getLogger(__name__)


def on_script_error(error: Exception) -> bool:
    """Shows a refusal's sentence, or a reference; True keeps Streamlit from showing its own."""
    if isinstance(error, Refusal):
        st.error(plain(str(error)))
        return True
    st.error(
        "Something went wrong on our side. Try again; if it stays, tell the people who run "
        f"this system the reference {log_failure(error)}."
    )
    return True


def log_failure(error: Exception) -> str:
    """Logs an error whole; gives the reference to show in its place."""
    reference = secrets.token_hex(4)
    _log.error("a page failed", exc_info=error, extra={"reference": reference})
    return reference
