"""The gate's checks against the dashboard as it really runs.

Streamlit showed pages by their names to anybody, on a fresh process. These tests come first to
a process that no session has touched, so the anonymous ones stand at the top.
"""

from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from crm_core.people.schemas import Role
from tests.ui.dashboard import Dashboard, ask_for_page, read_page, read_redirect

PAGES = sorted(page.stem for page in (Path(__file__).parents[2] / "pages").glob("*.py"))


@pytest.mark.parametrize("page", ["", "Home", *PAGES])
def test_a_stranger_gets_the_sign_in_form_for_every_page(dashboard: Dashboard, page: str) -> None:
    answer = dashboard.get(f"/{page}?owner=12&q=a%20b")

    assert answer.status_code == 303
    assert answer.headers["location"] == (f"/auth/sign-in?next=/{page}%3Fowner%3D12%26q%3Da%2520b")


@pytest.mark.parametrize(
    "path",
    ["/_stcore/health", "/_stcore/host-config", "/_stcore/agent/openapi.json", "/media/x.csv"],
)
def test_a_stranger_gets_nothing_from_streamlit(dashboard: Dashboard, path: str) -> None:
    answer = dashboard.get(path, accept="*/*")

    assert answer.status_code == 401
    assert answer.json() == {"error": "Sign in first."}


def test_a_stranger_opens_no_websocket(dashboard: Dashboard) -> None:
    with pytest.raises(InvalidStatus) as refused, dashboard.socket():
        pass
    assert refused.value.response.status_code == 403


def test_a_session_cannot_come_by_header(dashboard: Dashboard) -> None:
    token, _ = dashboard.sign_in(Role.ADMIN)

    assert dashboard.get("/admin", **{"x-ops-sid": token}).status_code == 303
    with pytest.raises(InvalidStatus), dashboard.socket(**{"x-ops-sid": token}):
        pass


def test_a_forged_header_does_not_make_somebody_else(dashboard: Dashboard) -> None:
    mine, my_name = dashboard.sign_in(Role.VIEWER)
    theirs, their_name = dashboard.sign_in(Role.ADMIN)

    with dashboard.socket(mine, **{"X-Ops-Sid": theirs}) as opened:
        opened.send(ask_for_page(""))
        shown = read_page(opened)

    assert my_name in shown
    assert their_name not in shown


@pytest.mark.parametrize("page", PAGES)
def test_who_has_no_role_sees_no_page(dashboard: Dashboard, page: str) -> None:
    token, _ = dashboard.sign_in()

    with dashboard.socket(token) as opened:
        opened.send(ask_for_page(page))
        shown = read_page(opened)

    assert "You may not" in shown
    assert "traceback" not in shown.lower()


def test_an_administrator_sees_the_admin_page(dashboard: Dashboard) -> None:
    token, name = dashboard.sign_in(Role.ADMIN)

    with dashboard.socket(token) as opened:
        opened.send(ask_for_page("admin"))
        shown = read_page(opened)

    assert "New person" in shown
    assert name in shown


def test_signing_out_elsewhere_ends_this_tab_at_its_next_message(dashboard: Dashboard) -> None:
    token, _ = dashboard.sign_in(Role.VIEWER)

    with dashboard.socket(token) as opened:
        opened.send(ask_for_page(""))
        read_page(opened)
        dashboard.sign_out(token)
        opened.send(ask_for_page("owners", url="http://localhost/owners?owner=12"))

        assert read_redirect(opened) == "/auth/sign-in?next=/owners%3Fowner%3D12"
        with pytest.raises(ConnectionClosed) as closed:
            opened.recv(timeout=30)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_pages_load_nothing_from_elsewhere(dashboard: Dashboard) -> None:
    token, _ = dashboard.sign_in(Role.VIEWER)

    answer = dashboard.get("/", token)

    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"


def test_the_health_of_the_process_is_nobodys_secret(dashboard: Dashboard) -> None:
    assert dashboard.get("/health").json() == {"status": "alive"}
