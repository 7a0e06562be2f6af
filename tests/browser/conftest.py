"""One real product for all browser tests, a Chromium a file, and a window for each person."""

from collections.abc import Iterator
from typing import Literal, Protocol

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from crm_core.doctor import find_browser
from tests.browser.desk import Desk
from tests.browser.stack import Stack, running_stack
from tests.browser.watching import Watch

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PATIENCE = 30_000.0
"""Milliseconds that anything may take on a busy machine."""

Theme = Literal["light", "dark"]


class SitDown(Protocol):
    """``sit_down("finance@crm.local")`` gives the desk of a person."""

    def __call__(self, email: str = "", *, width: int = 1280, theme: Theme = "light") -> Desk: ...


@pytest.fixture(scope="session")
def stack(environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Started as people start it; the tests of one file run in their order."""
    with running_stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One a file: between files no event loop may run, for other tests start their own."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def watch(stack: Stack) -> Iterator[Watch]:
    """Fails the test whose pages complained in the console or asked a foreign host."""
    watching = Watch(stack.dashboard)
    yield watching
    assert watching.complaints == []


@pytest.fixture(scope="session")
def sessions() -> dict[str, StorageState]:
    """Who has signed in before: their cookies, as long as nobody signs them out."""
    return {}


@pytest.fixture
def sit_down(
    chromium: Browser, stack: Stack, watch: Watch, sessions: dict[str, StorageState]
) -> Iterator[SitDown]:
    """People who are signed in, each at a browser of their own; "" is nobody yet."""
    contexts = []

    def sit(email: str = "", *, width: int = 1280, theme: Theme = "light") -> Desk:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            storage_state=sessions.get(email),
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        watch.follow(context)
        desk = Desk(context.new_page(), stack)
        if email and email not in sessions:
            desk.sign_in(email)
            sessions[email] = context.storage_state()
        return desk

    yield sit
    for context in contexts:
        context.close()
