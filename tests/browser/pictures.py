"""Takes the pictures of the node's page from the running demonstration: part of `make pictures`. Needs Chromium.

python tests/browser/pictures.py [DIRECTORY]
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from doubles.awaiting import until
from doubles.demo_process import MOVING, DemoProcess
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SECONDS_OF_HISTORY = 100
COLOURS = 256
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


class Picture(NamedTuple):
    """The page down to the end of a section, or that section alone."""

    name: str
    scheme: str
    width: int
    section: str
    scale: int = 1
    alone: bool = False


PICTURES = (
    Picture("page-light", "light", 1180, "#workloads"),
    Picture("page-dark", "dark", 1180, "#workloads"),
    Picture("page-intervals", "light", 1180, "#intervals", alone=True),
    Picture("page-phone", "dark", 390, "#power", scale=2),
)


def main(directory: Path) -> None:
    """Take all of them."""
    from playwright.sync_api import sync_playwright

    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, DemoProcess(Path(place)) as demo, sync_playwright() as driver:
        demo.says(MOVING)
        chromium = next(filter(None, map(shutil.which, _NAMES)), None)
        browser = driver.chromium.launch(executable_path=chromium, args=_FLAGS)
        waiting = browser.new_page()
        waiting.goto(demo.address("the node's page"))
        power = waiting.locator("#power")
        until(lambda: seconds_of_history(power.inner_text()) > SECONDS_OF_HISTORY, 2 * SECONDS_OF_HISTORY)
        for picture in PICTURES:
            take(browser, demo.address("the node's page"), picture, directory / f"{picture.name}.png")
        browser.close()


def seconds_of_history(text: str) -> int:
    """How far back the page's graph goes."""
    found = re.search(r"(\d+) s ago", text)
    return int(found[1]) if found else 0


def take(browser: "Browser", url: str, picture: Picture, file: Path) -> None:
    """One picture, with as many colours as it needs."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": 844},
        color_scheme=picture.scheme,
        device_scale_factor=picture.scale,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-link=live]")
    section = page.locator(picture.section)
    if picture.alone:
        section.screenshot(path=file)
    else:
        box = section.bounding_box()
        assert box is not None
        clip = {"x": 0, "y": 0, "width": picture.width, "height": box["y"] + box["height"] + 24}
        page.screenshot(path=file, clip=clip, full_page=True)
    context.close()
    with Image.open(file) as image:
        # Small marks keep their colour: the usual method gives most of them to shades of the letters.
        few = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(file, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/pictures"))
