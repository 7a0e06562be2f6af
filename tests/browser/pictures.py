"""Pictures of pages: all of them for whoever looks through them, the best for the guide."""

import io
import os
from pathlib import Path

from PIL import Image

from tests.browser.desk import Desk
from tests.processes import PROJECT

ALBUM = Path(__file__).parent / "pictures"
GUIDE = PROJECT / "docs/guide/pictures"
WIDE, PHONE = 1280, 390
_LOWEST, _HIGHEST = 640, 2400
_COLOURS = 128


def take(desk: Desk, name: str, *, theme: str) -> None:
    """The page from top to bottom into the album, wide and narrow, where `make pictures` asks."""
    if not _wanted():
        desk.settle_drawing()
        return
    ALBUM.mkdir(exist_ok=True)
    for width in (PHONE, WIDE):
        desk.page.set_viewport_size({"width": width, "height": _HIGHEST})
        desk.settle_drawing()
        height = max(_LOWEST, min(_height_of(desk), _HIGHEST))
        desk.page.set_viewport_size({"width": width, "height": height})
        desk.settle_drawing()
        content = desk.page.screenshot(animations="disabled")
        (ALBUM / f"{name}-{theme}-{width}.png").write_bytes(content)


def keep_for_the_guide(name: str) -> None:
    """The light and wide picture of a page, small enough for a repository."""
    if not _wanted():
        return
    GUIDE.mkdir(parents=True, exist_ok=True)
    content = (ALBUM / f"{name}-light-{WIDE}.png").read_bytes()
    with Image.open(io.BytesIO(content)) as taken:
        taken.convert("RGB").quantize(_COLOURS).save(GUIDE / f"{name}.png", optimize=True)


def _wanted() -> bool:
    return bool(os.environ.get("CRM_PICTURES"))


def _height_of(desk: Desk) -> int:
    """Pixels down to the end of the page and what is fixed below it, without Streamlit's margin."""
    return int(
        desk.page.evaluate(
            "() => { const block = document.querySelector('[data-testid=stMainBlockContainer]');"
            " const last = block?.lastElementChild ?? document.body;"
            " const bar = document.querySelector('[data-testid=stBottom]')?.offsetHeight ?? 0;"
            " return Math.ceil(last.getBoundingClientRect().bottom) + bar + 40; }"
        )
    )
