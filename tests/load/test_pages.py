"""Every page in a real Chromium: from a click to the finished page, beside an empty page.

The empty page runs under the same server in the same run, and is clicked by turns with ours. The
server's own CPU for a run of the page's script is beside it, and how the pages are while twenty
people click about.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from crm_core.doctor import find_browser
from tests.browser.conftest import FLAGS, PATIENCE
from tests.browser.desk import Desk
from tests.browser.looks import LOOKS, Look, furnish
from tests.browser.stack import Stack, running_stack
from tests.load.measuring import Table
from tests.load.people import Asked, Clicker
from tests.processes import PROJECT, children_of, eventually, free_port, running

pytestmark = [pytest.mark.load, pytest.mark.timeout(7200)]

PEOPLE = 20
RUNS = int(os.environ.get("CRM_BENCH_CLICKS", "7"))
CHOSEN = os.environ.get("CRM_BENCH_PAGES", "")
"""Names of looks with commas between; all where it is empty."""

SIZE = {
    "patients": os.environ.get("CRM_BENCH_PATIENTS", "1000000"),
    "transactions": os.environ.get("CRM_BENCH_TRANSACTIONS", "10000000"),
    "appointments": os.environ.get("CRM_BENCH_VISITS", "2000000"),
    "doctors": os.environ.get("CRM_BENCH_DOCTORS", "500"),
    "feedback": os.environ.get("CRM_BENCH_FEEDBACK", "1000000"),
    "messages": os.environ.get("CRM_BENCH_MESSAGES", "10000000"),
}
CALM, WITH_CHARTS = 3.0, 5.0
"""How many times the empty page a page of tables, and one with charts, may take."""

# Going back is a click like any other for Streamlit: a run of the script of the page come to.
_GO_BACK = """
([shows]) => new Promise((resolve, reject) => {
  const part = name => document.querySelector(`[data-testid=${name}]`);
  let moved = false;
  new MutationObserver(() => { moved = true; }).observe(
    part('stMain'), {childList: true, subtree: true, characterData: true});
  const started = performance.now();
  const look = () => {
    const main = part('stMain');
    const finished = moved && part('stApp').dataset.testScriptState === 'notRunning'
      && !main.querySelector('[data-testid=stSkeleton], [data-stale=true]')
      && main.textContent.includes(shows)
      && [...main.querySelectorAll('[data-testid=stPlotlyChart]')]
         .every(chart => chart.querySelector('.main-svg'));
    const took = performance.now() - started;
    if (finished) resolve(took);
    else if (took > 60000) reject(new Error(`${shows} was not finished within a minute`));
    else requestAnimationFrame(look);
  };
  history.back();
  requestAnimationFrame(look);
})
"""


@dataclass(frozen=True)
class Window:
    """A page in one tab, with another page to leave it for and come back from."""

    page: Page
    elsewhere: str
    shows: str

    def leave(self) -> None:
        """To the other page, until nothing moves there."""
        here = self.page.url
        self.page.get_by_test_id("stSidebar").get_by_role("link", name=self.elsewhere).click()
        self.page.wait_for_url(lambda url: url != here)
        heading = self.page.get_by_test_id("stMain").get_by_role("heading", name=self.elsewhere)
        heading.first.wait_for()
        Desk(self.page, _NO_STACK).settle_drawing()

    def come_back(self) -> float:
        """Milliseconds from the click to the finished page."""
        took: float = self.page.evaluate(_GO_BACK, [self.shows])
        return took

    @property
    def has_charts(self) -> bool:
        """Whether its bar is that of charts."""
        return self.page.get_by_test_id("stPlotlyChart").count() > 0


@dataclass(frozen=True)
class Took:
    """What a page took, in milliseconds: in the browser, beside the empty page, on the server."""

    ours: float
    floors: Sequence[float]
    cpu: float
    bar: float


# As our own is served, and with the same settings.
_SERVE_EMPTY = (
    "import uvicorn, streamlit; uvicorn.run("
    "streamlit.App('tests/load/empty_page.py'), host='127.0.0.1', port={port})"
)
_LOOKS = [look for look in LOOKS if not CHOSEN or look.name in CHOSEN.split(",")]
_NO_STACK = Stack({}, 0)
_LONG = 3600.0


def test_from_click_to_finished_page(tmp_path: Path, tables: list[Table]) -> None:
    headings = ("", "ms", "empty", "ratio", "bar", "CPU ms", "with 20", "ratio", "")
    table = Table("Pages: from click to finished, alone and among twenty people", headings)
    tables.append(table)
    clicks: dict[str, float] = {}
    with running_stack(tmp_path) as stack, _empty(tmp_path) as floor, _chromium() as browser:
        people = _furnish(stack, browser)
        empty = _window(browser, floor, "First", "Second")
        alone = [_measured(look, people[look.who], empty) for look in _LOOKS]
        with _crowd(stack, people, clicks):
            among = [_measured(look, people[look.who], empty) for look in _LOOKS]
    # The empty page takes one frame of the screen or two: only many clicks tell how long it takes.
    floor_ms = statistics.median(each for one in alone for each in one.floors)
    for look, one, other in zip(_LOOKS, alone, among, strict=True):
        table.add(*_line(look.name, one, other, floor_ms))
    told = (f"{clicks[each]:,.0f}" for each in ("clicks", "median_ms", "p95_ms"))
    table.add("clicks of twenty, their median and p95 (server, ms)", *told, *[""] * 5)


def _line(name: str, alone: Took, among: Took, floor: float) -> Iterator[str]:
    quiet, crowded = alone.ours / floor, among.ours / floor
    yield name
    yield from (f"{alone.ours:,.0f}", f"{floor:,.0f}", f"{quiet:.1f}")
    yield from (f"{alone.bar:.0f}", f"{alone.cpu:.0f}", f"{among.ours:,.0f}", f"{crowded:.1f}")
    over = ["over"] * (quiet > alone.bar) + ["over among 20"] * (crowded > 2 * alone.bar)
    yield " ".join(over)


def _measured(look: Look, desk: Desk, empty: Window) -> Took:
    """By turns with the empty page; a click each to warm up."""
    desk.open(look.path)
    desk.reads(look.shows)
    elsewhere = "Feedback" if look.path.startswith("/search") else "Search"
    window = Window(desk.page, elsewhere, look.shows)
    ours, floors, cpu = [], [], []
    for _ in range(RUNS + 1):
        empty.leave()
        floors.append(empty.come_back())
        window.leave()
        before = _cpu_ms(desk.stack)
        ours.append(window.come_back())
        cpu.append(_cpu_ms(desk.stack) - before)
    bar = WITH_CHARTS if window.has_charts else CALM
    return Took(statistics.median(ours[1:]), floors[1:], statistics.mean(cpu[1:]), bar)


def _cpu_ms(stack: Stack) -> float:
    """What the dashboard's process has used so far."""
    fields = Path(f"/proc/{_dashboard(stack)}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def _dashboard(stack: Stack) -> int:
    return next(pid for pid, words in children_of(stack.pid).items() if "dashboard" in words)


def _furnish(stack: Stack, browser: Browser) -> dict[str, Desk]:
    """Data of the benchmark's size, and everybody at a window, signed in."""
    numbers = [word for name, number in SIZE.items() for word in (f"--{name}", number)]
    stack.command("generate", *numbers, patience=_LONG)
    furnish(stack)
    people = {}
    for email in dict.fromkeys(look.who for look in _LOOKS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(PATIENCE)
        people[email] = Desk(context.new_page(), stack)
        people[email].sign_in(email)
    return people


@contextmanager
def _empty(folder: Path) -> Iterator[str]:
    port = free_port()
    with running(["-c", _SERVE_EMPTY.format(port=port)], folder):
        eventually(lambda: _listens(port))
        yield f"http://127.0.0.1:{port}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield browser
        browser.close()


def _window(browser: Browser, address: str, elsewhere: str, shows: str) -> Window:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{address}/{shows.lower()}")
    page.get_by_role("heading", name=shows).wait_for()
    return Window(page, elsewhere, shows)


@contextmanager
def _crowd(stack: Stack, people: dict[str, Desk], clicks: dict[str, float]) -> Iterator[None]:
    """Twenty people who go round the pages of their roles; tells at the end what they waited."""
    emails = list(people)
    asked = Asked(
        stack.dashboard,
        [
            Clicker(_cookie(people[email]), [look.path for look in _LOOKS if look.who == email])
            for n in range(PEOPLE)
            for email in [emails[n % len(emails)]]
        ],
    )
    words = [sys.executable, "-m", "tests.load.people"]
    with subprocess.Popen(
        words, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        process.stdin.write(asked.line() + "\n")
        process.stdin.flush()
        yield
        told, _ = process.communicate()
    clicks.update(json.loads(told))


def _cookie(desk: Desk) -> str:
    return "; ".join(f"{each['name']}={each['value']}" for each in desk.page.context.cookies())
