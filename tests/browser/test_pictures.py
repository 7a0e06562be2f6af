"""Every page in both themes, wide and narrow: pictures, axe's findings, and a quiet console."""

from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error

from crm_core.base.clock import add_months, lagos_today, month_start
from tests.browser import pictures
from tests.browser.conftest import SitDown
from tests.browser.desk import APPROVER, FINANCE, Desk
from tests.browser.looks import LOOKS, Look, furnish
from tests.browser.stack import Stack

pytestmark = pytest.mark.browser

# What Streamlit draws and nobody can change from outside: the sections of its navigation are lists
# in lists without an item between; the points of a card's line have a role and no name.
_OURS = {"exclude": [["[data-testid=stMetricChart]"]]}
_RULES = {
    "resultTypes": ["violations"],
    "rules": {"list": {"enabled": False}, "listitem": {"enabled": False}},
}


@pytest.fixture(scope="module", autouse=True)
def furnished(stack: Stack) -> None:
    """What the looks show beyond the sample."""
    furnish(stack)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.name)
def test_a_page_is_in_order_in_both_themes_wide_and_narrow(look: Look, sit_down: SitDown) -> None:
    desk = sit_down(look.who)
    desk.open(look.path)
    desk.reads(look.shows)
    found: list[str] = []
    for theme in ("light", "dark"):
        desk.page.emulate_media(color_scheme=theme)
        pictures.take(desk, look.name, theme=theme)
        found += trouble_with(desk)
    desk.page.set_viewport_size({"width": pictures.PHONE, "height": 900})
    desk.settle_drawing()
    found += what_sticks_out(desk)
    assert found == []
    if look.guide:
        pictures.keep_for_the_guide(look.name)


def test_the_plan_of_a_month_is_in_order(sit_down: SitDown) -> None:
    desk = sit_down(FINANCE)
    month = add_months(month_start(lagos_today()), -3)
    desk.open(f"/payouts?tab=make&month={month:%Y-%m}")
    desk.press("Look at the month")
    desk.reads(f"Payouts for {month:%B %Y}")
    pictures.take(desk, "prepare", theme="light")
    assert trouble_with(desk) == []
    pictures.keep_for_the_guide("prepare")


def test_the_plan_of_an_approval_is_in_order(sit_down: SitDown) -> None:
    desk = sit_down(APPROVER)
    desk.open("/payouts")
    queue = desk.table("Payouts that wait for approval")
    queue.has("Fine")
    desk.pick(queue, [row[0] for row in queue.rows()[:3]])
    desk.settle()
    pictures.take(desk, "choose", theme="light")
    desk.press("Look and approve")
    desk.reads("Look before you approve")
    pictures.take(desk, "approve", theme="light")
    assert trouble_with(desk) == []
    for name in ("choose", "approve"):
        pictures.keep_for_the_guide(name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_form_is_in_order(theme: str, sit_down: SitDown) -> None:
    nobody = sit_down(theme="dark" if theme == "dark" else "light")
    nobody.page.goto(nobody.stack.dashboard)
    nobody.page.get_by_label("Password").wait_for()
    assert trouble_with(nobody) == []


def trouble_with(desk: Desk) -> list[str]:
    """What axe finds serious or worse."""
    found = Axe().run(desk.page, context=_OURS, options=_RULES).response["violations"]
    return [
        f"{each['id']}: {each['help']} at {node['target']}: {node['html'][:160]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def what_sticks_out(desk: Desk) -> list[str]:
    """Whatever is wider than the screen, so that the page would scroll sideways.

    Tables follow the window a moment after everything else.
    """
    with suppress(Error):
        desk.page.wait_for_function(f"() => ({_STICKING_OUT})().length === 0", timeout=_A_MOMENT)
    found: list[str] = desk.page.evaluate(_STICKING_OUT)
    return found


_A_MOMENT = 5_000.0
_STICKING_OUT = """
() => {
  const main = document.querySelector('[data-testid=stMain]');
  return main.scrollWidth > main.clientWidth + 1
    ? [...main.querySelectorAll('[data-testid]')]
        .filter(part => part.getBoundingClientRect().right > innerWidth + 1)
        .map(part => part.dataset.testid).slice(0, 5)
    : [];
}
"""
