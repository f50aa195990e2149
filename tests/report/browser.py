"""A real browser for the tests of the HTML page: Debian's Chromium or any other on PATH, headless, without a network.

Where there is none the tests are skipped, unless the variable AUDITOR_BROWSER says `required`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

REQUIRED = os.environ.get("AUDITOR_BROWSER") == "required"  # read before the tests scrub the environment
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")

DESKTOP = (1280, 900)
PHONE = (390, 844)

# What the browser tells of itself: tasks that kept the page from answering, whatever was dropped or refused.
WATCH = """
window.watched = { long: [], refused: [], alerts: [] };
window.alert = (text) => window.watched.alerts.push(String(text));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.watched.long.push(entry.duration);
}).observe({ type: "longtask", buffered: true });
document.addEventListener("securitypolicyviolation", (event) => window.watched.refused.push(event.violatedDirective));
"""


class Browser:
    """One page at a time, and what is done on it."""

    def __init__(self, driver: webdriver.Chrome, folder: Path) -> None:
        self.driver = driver
        self.folder = folder
        self._pages = 0

    def open(self, text: str, address: str = "", *, size: tuple[int, int] = DESKTOP, dark: bool = False) -> None:
        """Put a page on disk and look at it; `address` begins with `#`."""
        self._pages += 1
        path = self.folder / f"{self._pages}.html"
        path.write_text(text, "utf-8")
        self.size(*size)
        self.dark(dark)
        self.noise()
        self.driver.get(f"{path.as_uri()}{address}")
        self.wait(lambda: self.js("return document.body.dataset.ready === 'true'"))

    def size(self, width: int, height: int) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    def dark(self, on: bool) -> None:
        """Which colours the system asks for; it also asks for no motion, so that nothing has to be waited for."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.command("Emulation.setEmulatedMedia", features=[scheme, still])

    def command(self, name: str, **arguments: Any) -> Any:
        """One command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def js(self, program: str, *arguments: Any) -> Any:
        return self.driver.execute_script(program, *arguments)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def texts(self, selector: str) -> list[str]:
        """What is written in each, seen or not, without the indentation of code."""
        return list(
            self.js("return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent.trim())", selector)
        )

    def text(self, selector: str) -> str:
        return self.texts(selector)[0]

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def press(self, *keys: str) -> None:
        """Keys, wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self) -> str:
        return str(self.js("return document.activeElement.id || document.activeElement.className"))

    def unfold(self) -> None:
        """Open everything that folds; what is in it is made by the page when that happens."""
        self.js("for (const one of document.querySelectorAll('details')) one.open = true")
        self.settle()

    def settle(self) -> None:
        """Let the page do what it has put off to its next turn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))"
        )

    def hash(self) -> str:
        return str(self.js("return location.hash"))

    def wait(self, until: Callable[[], object]) -> None:
        WebDriverWait(self.driver, 30, poll_frequency=0.02).until(lambda _: until())

    def noise(self) -> list[str]:
        """What the browser complained of since it was last asked."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Every address that was asked for since this was last asked."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        sent = [one["params"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        return [str(one["request"]["url"]) for one in sent]

    def busy(self) -> float:
        """Seconds the page's own thread has worked so far; a busy machine does not add to it."""
        metrics = self.command("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


@contextmanager
def launched(folder: Path) -> Iterator[Browser]:
    """A browser of its own, gone afterwards. Skips the test where there is none."""
    if CHROMIUM is None or DRIVER is None:
        message = "there is no chromium with a chromedriver on PATH"
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-extensions"):
        options.add_argument(f"--{argument}")
    options.add_argument(f"--user-data-dir={folder / 'profile'}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        browser = Browser(driver, folder)
        browser.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        browser.command("Performance.enable", timeDomain="threadTicks")
        yield browser
    finally:
        driver.quit()


__all__ = ["DESKTOP", "PHONE", "Browser", "Keys", "launched"]
