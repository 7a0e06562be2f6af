"""What a page may not do behind a person's back: fail in the console, or talk to strangers."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

# Opened at a deeper address, Streamlit's frontend first looks for its server there.
_PROBES = ("/_stcore/health", "/_stcore/host-config")


@dataclass
class Watch:
    """Listens to every page of a browser's window; ``complaints`` is empty where all is well.

    Attributes:
        meant: a path whose refusal the test is about; the console calls a 403 an error.
    """

    home: str
    meant: str = ""
    complaints: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Listens to the pages that this context opens from now on."""
        context.on("page", self._listen)

    def _listen(self, page: Page) -> None:
        page.on("console", self._read)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("request", self._look_where_it_goes)

    def _read(self, message: ConsoleMessage) -> None:
        # A refused script or style (the content security policy) is an error in the console too.
        where = str(message.location.get("url", ""))
        path = urlsplit(where).path
        if message.type == "error" and path != self.meant and not path.endswith(_PROBES):
            self.complaints.append(f"{where}: {message.text}")

    def _look_where_it_goes(self, request: Request) -> None:
        address = urlsplit(request.url)
        home = urlsplit(self.home)
        at_home = address.netloc == home.netloc and address.scheme == home.scheme
        if not at_home and address.scheme not in {"data", "blob"}:
            self.complaints.append(f"It asked a stranger: {request.url}")
