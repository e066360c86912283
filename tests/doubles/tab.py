"""One tab of a real browser, which writes down what it loads and everything that goes wrong in it."""

from typing import Any, Self
from urllib.parse import urlsplit

from doubles.awaiting import until
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from exporter.metrics.http import MetricsServer


class Tab:
    """Shows the page of one server. A test reads `page`, and the lists when it is done."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def open(self) -> Self:
        """Load the page, and wait for all that belongs to it."""
        self.page.goto(self.url, wait_until="load")
        return self

    def text(self, selector: str) -> str:
        """What a person reads there; the first of several."""
        return self.page.locator(selector).first.inner_text()

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.page.evaluate(script)

    def until(self, script: str, seconds: float = 20.0) -> None:
        """Wait until an expression holds in the page."""
        until(lambda: self.run(script), seconds)

    @property
    def outside(self) -> list[str]:
        """Addresses it asked for beyond the server that it shows."""
        own = urlsplit(self.url).netloc
        return [url for url in self.requests if urlsplit(url).netloc != own]

    def _note_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)


def url_of(server: MetricsServer) -> str:
    """Where a server of this process is, by its number: no name needs to be looked up."""
    return f"http://{server.address}/"
