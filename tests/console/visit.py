"""A visit to the console: its page, and the faults found in it; and photographs to give it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page

ELSEWHERE = "mien.test"  # this machine under a name that is not localhost, so that the page is no secure context
DESKTOP, PHONE = (1440, 900), (375, 812)
# A status page asks for these whether the server has them or not, and a browser complains of every refusal.
MAY_BE_ABSENT = ("/readyz", "/metrics")


@dataclass
class Visit:
    """A page and its faults: errors, broken policies, requests to other servers."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str = "") -> Page:
        self.page.goto(f"{self.address}/console/{path}")
        self.page.wait_for_selector("main h1, main h2")
        return self.page

    def give(self, *files: Path, zone: int = 0) -> None:
        """Chooses files in one of the page's drop zones."""
        chosen = self.page.locator(".drop").nth(zone).locator("input[type=file]:not([webkitdirectory])")
        chosen.set_input_files(list(files))

    def press(self, name: str) -> None:
        """Presses the button of this name in the open dialog, or in the page."""
        where = "dialog[open]" if self.page.query_selector("dialog[open]") else "body"
        self.page.locator(where).get_by_role("button", name=name, exact=True).first.click()

    def watch(self, origin: str) -> None:
        """Records every fault of the page."""
        page = self.page
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self._note)
        page.on(
            "request",
            lambda asked: (
                self.wrong.append(f"request to {asked.url}")
                if not asked.url.startswith((origin + "/", f"blob:{origin}/"))
                else None
            ),
        )
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy ' + e.violatedDirective))"
        )

    def _note(self, said: ConsoleMessage) -> None:
        where = urlsplit(said.location["url"]).path
        refused = said.text.startswith("Failed to load resource: the server responded")
        expected = refused and (where in MAY_BE_ABSENT or where == "/")  # the API's refusals are told on the page
        if said.type in ("error", "warning") and not expected:
            self.wrong.append(f"{said.type}: {said.text} {where}")


Visitor = Callable[..., Visit]


@dataclass(frozen=True)
class Album:
    """Photographs as files."""

    folder: Path
    hopper: Path
    astronaut: Path
    pair: Path
    nobody: Path
