"""What mail scanners do in a browser: open links, read the page, run the clock, act by script."""

import time
from collections.abc import Sequence
from urllib.parse import quote

from playwright.sync_api import BrowserContext, Page, Request

from tests.support.chromium import fast_forward
from tests.support.customer import event_of

# Each acts on `form`, a form of the page, and `other`, a rating that is not chosen, if there is one.
ATTACKS = {
    "form.submit()": "form.submit();",
    "button.click()": "form.querySelector('button').click();",
    "form.requestSubmit()": "form.requestSubmit();",
    "radio.click()": "other?.click();",
    "label.click()": "other?.closest('label').click();",
    "events": """
        for (const kind of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"])
            other?.dispatchEvent(new PointerEvent(kind, { bubbles: true }));
        for (const kind of ["keydown", "keypress", "keyup"])
            other?.dispatchEvent(new KeyboardEvent(kind, { bubbles: true, key: " " }));
        if (other) other.checked = true;
        for (const kind of ["input", "change"])
            other?.dispatchEvent(new Event(kind, { bubbles: true }));
    """,
    "keys, then a click": """
        dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
        dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, key: "ArrowDown" }));
        other?.focus();
        other?.click();
        form.querySelector("button").click();
    """,
    "a filled form": """
        form.elements.trusted.value = "1";
        if (form.elements.comment) form.elements.comment.value = "Great!";
        if (other) other.checked = true;
        form.submit();
    """,
    "a new tab": "form.target = '_blank'; form.querySelector('button').click();",
    "fetch": "fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });",
    "a beacon": "navigator.sendBeacon(form.action, new URLSearchParams(new FormData(form)));",
}
SUBMITTING = {
    "form.submit()": 2,
    "button.click()": 2,
    "form.requestSubmit()": 2,
    "keys, then a click": 2,
    "a filled form": 2,
    "a new tab": 1,
}
"""The attacks that send a form as a person does, and how many are sent: the reply's form is sent, too."""

# It lives in the page, because whatever playwright evaluates there counts as a person's activation. The
# fragment of the address names the attack; the page that answers a form is attacked too, once.
SCRIPT = """
addEventListener("load", () => setTimeout(() => {
    if (location.hash) {
        sessionStorage.attack = decodeURIComponent(location.hash.slice(1));
        sessionStorage.round = 0;
        history.replaceState(null, "", location.pathname);
    }
    const round = Number(sessionStorage.round);
    const attack = {ATTACKS}[sessionStorage.attack];
    if (!attack || round === 2 || !document.forms.length) return console.log("at rest");
    sessionStorage.round = round + 1;
    const form = document.forms[round % document.forms.length];
    attack(form, document.querySelector("input[name=rating][type=radio]:not(:checked)"));
    console.log("acted");
}, 10));
"""


class Scanner:
    """One browser for all mails, which keeps its tabs and a list of what they sent."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._tabs: list[Page] = []
        self._said: list[str] = []
        self.sent: list[Request] = []
        self.reports: list[str] = []
        functions = ",".join(f"{name!r}: (form, other) => {{ {body} }}" for name, body in ATTACKS.items())
        context.add_init_script(SCRIPT.replace("{ATTACKS}", f"{{{functions}}}"))
        context.on("console", lambda message: self._said.append(message.text))
        context.on("request", self._note)

    @property
    def tab(self) -> Page:
        """The first tab, for what else a scanner may do there."""
        return self._first(1)[0]

    def open_all(self, links: Sequence[str]) -> None:
        """Open links side by side and wait until their pages are there and their scripts have run."""
        tabs = self._first(len(links))
        for tab, link in zip(tabs, links, strict=True):
            tab.goto(link, wait_until="commit")
        for tab in tabs:
            tab.wait_for_load_state()

    def dump(self, link: str) -> str:
        """Open a link and read the page as it stands after its script."""
        self.tab.goto(link)
        session = self._context.new_cdp_session(self.tab)
        root = session.send("DOM.getDocument")["root"]["nodeId"]
        html: str = session.send("DOM.getOuterHTML", {"nodeId": root})["outerHTML"]
        session.detach()
        return html

    def run_clock(self, link: str, seconds: float) -> None:
        """Open a link in a new tab and let the page live through so much time in no time."""
        page = self._context.new_page()
        page.goto(link)
        fast_forward(page, seconds)
        page.close()

    def attack(self, name: str, link: str) -> None:
        """Open a link and act by script until the script is at rest."""
        end = "at rest" if name in SUBMITTING else "acted"
        before = self._said.count(end)
        deadline = time.monotonic() + 30
        # In a new tab, because the same address with another fragment would be no new page.
        self.tab.close()
        self._tabs[0] = self._context.new_page()
        self.tab.goto(f"{link}#{quote(name)}", wait_until="commit")
        while self._said.count(end) == before:
            assert time.monotonic() < deadline, f"The script of {name} did not come to rest"
            self.tab.wait_for_timeout(5)
        for popup in set(self._context.pages) - set(self._tabs):
            popup.close()

    def _first(self, number: int) -> list[Page]:
        while len(self._tabs) < number:
            self._tabs.append(self._context.new_page())
        return self._tabs[:number]

    def _note(self, request: Request) -> None:
        if event := event_of(request):
            self.reports.append(event)
        elif request.method == "POST":
            self.sent.append(request)
