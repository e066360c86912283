"""From a dashboard and its answers to a picture: one HTML file, one run of Chromium."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grafana.asking import Asking, panels

PAGE = Path(__file__).with_name("page")
WIDTH = 1600
_LOADERS = ("svg=dataurl", "woff2=dataurl", "woff=dataurl", "png=dataurl", "ttf=dataurl")
_HTML = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="bundle.css"><body><div id="page"></div>
<script>window.asked = {asked}</script><script src="bundle.js"></script>"""


def bundle(workshop: Path) -> None:
    """Bundle the page with the packages it is made of, in a directory that is kept for the next time. Needs npm."""
    workshop.mkdir(parents=True, exist_ok=True)
    for source in PAGE.iterdir():
        shutil.copy(source, workshop)
    if not (workshop / "node_modules").exists():
        _run(workshop, "npm", "install", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund")
    _run(
        workshop,
        *("npx", "esbuild", "page.jsx", "--bundle", "--outfile=bundle.js", "--format=iife", "--jsx=automatic"),
        '--define:process.env.NODE_ENV="production"',
        *(f"--loader:.{loader}" for loader in _LOADERS),
    )
    with (workshop / "bundle.css").open("a") as styles:
        styles.write((PAGE / "page.css").read_text())


def draw(dashboard: Mapping[str, Any], asking: Asking, workshop: Path, picture: Path, **chosen: str) -> None:
    """Ask everything a dashboard asks and write it as a PNG. Needs Chromium, and `bundle` before."""
    choices = asking.choices(dashboard, chosen)
    asked = {
        "dashboard": dashboard,
        "choices": choices,
        "answers": {
            panel["id"]: {target["refId"]: asking.answer(panel, target, choices) for target in panel["targets"]}
            for panel in panels(dashboard)
        },
        "steps": {panel["id"]: asking.step(panel) for panel in panels(dashboard)},
        "begin": asking.begin,
        "end": asking.end,
        "width": WIDTH,
    }
    html = workshop / f"{picture.stem}.html"
    html.write_text(_HTML.format(asked=json.dumps(asked).replace("</", "<\\/")))
    picture.parent.mkdir(parents=True, exist_ok=True)
    _photograph(html, picture)
    _fewer_colours(picture)


def _photograph(page: Path, picture: Path) -> None:
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        # As high as any of them: a table draws no row that is out of sight.
        tab = browser.new_page(viewport={"width": WIDTH, "height": 4000})
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(page.resolve().as_uri())
        tab.wait_for_selector("[data-settled]", state="attached")
        height = tab.evaluate("document.getElementById('page').scrollHeight")
        tab.screenshot(path=picture, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
        browser.close()
    if wrong:
        raise SystemExit(f"{page.name}: {wrong[0]}")


def _fewer_colours(picture: Path) -> None:
    """Keep the 192 colours that most of it has, and 64 for all others: a third of the bytes show the same."""
    from PIL import Image

    with Image.open(picture) as image:
        full = image.convert("RGB")
    counted: list[Any] = sorted(full.getcolors(full.width * full.height) or [], reverse=True)
    colours = [colour for _, colour in counted]
    rare = Image.new("RGB", (max(1, len(colours[192:])), 1))
    rare.putdata(colours[192:])
    palette = Image.new("P", (1, 1))
    palette.putpalette(
        [channel for colour in colours[:192] for channel in colour] + (rare.quantize(64).getpalette() or [])
    )
    full.quantize(palette=palette, dither=Image.Dither.NONE).save(picture, optimize=True)


def _run(workshop: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=workshop, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:2])} failed:\n{done.stdout}{done.stderr}")
