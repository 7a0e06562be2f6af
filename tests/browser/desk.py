"""A person at a browser: how they sign in, move about, and pick rows from tables.

Nothing sleeps here: Streamlit's frontend says in an attribute whether the script still runs, and
everything else waits for what a person would wait for.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from playwright.sync_api import Error, FloatRect, Locator, Page, expect

from tests.browser.stack import Stack

FINANCE, APPROVER = "finance@crm.local", "approver@crm.local"
SECOND_APPROVER, VIEWER = "second.approver@crm.local", "viewer@crm.local"
ADMINISTRATOR, CAMPAIGNER = "admin@crm.local", "campaigner@crm.local"

_ROW = 35  # pixels, at least
_TRIES, _SOON = 6, 5_000.0  # clicks, and the milliseconds after which one was lost
_FINISHED = '[data-testid="stApp"][data-test-script-state="notRunning"]'
_IN_THE_WORKS = '[data-testid="stSkeleton"], [data-stale="true"]'
_TWO_FRAMES = "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))"


@dataclass(frozen=True)
class Desk:
    """One person's window, and the product it looks at."""

    page: Page
    stack: Stack

    def sign_in(self, email: str) -> None:
        """By a one-time link, as an administrator makes it for whoever has no password."""
        self.page.goto(self.stack.command("sign-in-link", email))
        self.page.get_by_role("button", name="Sign in as").click()
        expect(self.page.get_by_text("Good day, ")).to_be_visible()
        self.settle()

    def open(self, path: str) -> None:
        """Goes to an address of the dashboard, such as ``/payouts?tab=pay``."""
        self.page.goto(self.stack.dashboard + path)
        expect(self.page.get_by_role("link", name="Sign out")).to_be_visible()
        self.settle()

    def beside(self) -> "Desk":
        """Another tab of the same browser."""
        return Desk(self.page.context.new_page(), self.stack)

    def settle(self) -> None:
        """Returns when the page's script has run to its end and everything of it is drawn."""
        self.page.locator(_FINISHED).wait_for()
        expect(self.page.locator(_IN_THE_WORKS)).to_have_count(0)

    def settle_drawing(self) -> None:
        """Returns when charts, tables and letters are on the screen as well."""
        self.settle()
        self.page.evaluate("() => document.fonts.ready.then(() => true)")
        charts = self.page.get_by_test_id("stPlotlyChart")
        for chart in charts.all():
            expect(chart.locator(".main-svg").first).to_be_attached()
        self.page.evaluate(_TWO_FRAMES)

    def press(self, name: str | re.Pattern[str]) -> None:
        """Clicks the button of this name."""
        self.page.get_by_role("button", name=name).click()

    def turn_to(self, tab: str) -> None:
        """Opens a tab of the page."""
        self.page.get_by_role("tab", name=tab, exact=True).click()
        expect(self.page.get_by_role("tab", name=tab, exact=True)).to_have_attribute(
            "aria-selected", "true"
        )
        self.settle()

    def choose(self, label: str, option: str) -> None:
        """Takes one from a list, by typing it."""
        field = self.page.get_by_role("combobox", name=label)
        field.click()
        self.page.keyboard.type(option)
        self.page.get_by_role("option", name=option).first.click()
        self.settle()

    def write(self, label: str, text: str) -> None:
        """Fills a field in."""
        self.page.get_by_role("textbox", name=label).fill(text)

    def write_day(self, label: str, day: date) -> None:
        """Types a day into its field."""
        self.page.get_by_role("spinbutton", name=f"day, {label}").click()
        self.page.keyboard.type(f"{day:%d%m%Y}")

    def reads(self, sentence: str | re.Pattern[str]) -> None:
        """Waits until the page says so."""
        expect(self.page.get_by_text(sentence).first).to_be_visible()

    def pick(self, grid: "Grid", names: Sequence[str]) -> None:
        """Ticks one row after the other, and sees each counted."""
        for count, name in enumerate(names, start=1):
            grid.tick(name)
            self.reads(re.compile(rf"^{count} payouts? chosen"))
            self.settle()

    def table(self, alt: str) -> "Grid":
        """The table that is described so."""
        return Grid(self.page, alt)


@dataclass(frozen=True)
class Grid:
    """A table: it is painted on a canvas, and told in a hidden table to whoever cannot see."""

    page: Page
    alt: str

    @property
    def holder(self) -> Locator:
        """What takes the clicks."""
        return self.page.get_by_test_id("stDataFrame").filter(has=self._named())

    @property
    def canvas(self) -> Locator:
        """What is painted."""
        return self.holder.get_by_test_id("data-grid-canvas")

    def rows(self) -> list[list[str]]:
        """The texts of the rows, as the hidden table tells them."""
        found = self.canvas.locator("tbody tr")
        found.first.wait_for(state="attached")
        told: list[list[str]] = found.evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        return told

    def has(self, *texts: str) -> None:
        """Waits until a row holds all of these."""
        expect(self._row(*texts)).not_to_have_count(0)

    def has_no(self, *texts: str) -> None:
        """Waits until no row holds all of these."""
        expect(self._row(*texts)).to_have_count(0)

    def tick(self, *texts: str) -> None:
        """Clicks the check box before the row that holds these, until the row is marked."""
        marked = expect(self._row(*texts).first)
        self._click_until(
            18, texts, lambda: marked.to_have_attribute("aria-selected", "true", timeout=_SOON)
        )

    def open(self, *texts: str) -> None:
        """Clicks the first cell, the record's name, until the address leads to the record."""
        before = self.page.url
        self._click_until(
            70, texts, lambda: self.page.wait_for_url(lambda url: url != before, timeout=_SOON)
        )

    def click(self, *texts: str) -> None:
        """Clicks the first cell once."""
        self._click(70, texts)

    def _named(self) -> Locator:
        return self.page.locator(f'[aria-label*="{self.alt}"]')

    def _row(self, *texts: str) -> Locator:
        row = self.canvas.locator("tbody tr")
        for text in texts:
            row = row.filter(has_text=text)
        return row

    def _click_until(
        self, from_the_left: float, texts: Sequence[str], shows: Callable[[], None]
    ) -> None:
        """As a person does whose click was lost while the page moved: clicks again."""
        for _ in range(_TRIES):
            with suppress(AssertionError, Error):
                self._click(from_the_left, texts)
            with suppress(AssertionError, Error):
                return shows()
        return shows()

    def _click(self, from_the_left: float, texts: Sequence[str]) -> None:
        row = self._row(*texts).first
        place = int(row.get_attribute("aria-rowindex", timeout=_SOON) or 0)
        lines = int(self.canvas.locator("table").get_attribute("aria-rowcount") or 1)
        painted, around = self._box(self.canvas), self._box(self.holder)
        # The header and every row are equally high; a long table scrolls, and shows its first rows.
        height = max(painted["height"] / lines, _ROW)
        # Playwright brings the place into view, and clicks when nothing moves any more.
        self.holder.click(
            timeout=_SOON,
            position={
                "x": painted["x"] - around["x"] + from_the_left,
                "y": painted["y"] - around["y"] + height * (place - 0.5),
            },
        )

    def _box(self, part: Locator) -> FloatRect:
        box = part.bounding_box()
        assert box is not None, f"{self.alt} is not on the screen"
        return box
