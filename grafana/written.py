"""All dashboards as the text that is committed."""

import json
from collections.abc import Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.carbon import carbon
from grafana.fleet import fleet
from grafana.layout import Page, laid_out
from grafana.node import node
from grafana.prediction import prediction
from grafana.workloads import workloads

DASHBOARDS = Path(__file__).with_name("dashboards")


def texts() -> Mapping[str, str]:
    """Every dashboard by the name of its file, always in the same bytes."""
    pages = [page() for page in (fleet, node, workloads, prediction, carbon)]
    return {f"{page.name}.json": _text(page) for page in pages}


def write(directory: Path) -> None:
    """Write them, and remove what is no dashboard any more."""
    directory.mkdir(parents=True, exist_ok=True)
    written = texts()
    for name, text in written.items():
        (directory / name).write_text(text, encoding="utf-8")
    for path in directory.glob("*.json"):
        if path.name not in written:
            path.unlink()


def _text(page: Page) -> str:
    drawn = laid_out(page).build()
    variables = drawn.templating.list_val if drawn.templating else None
    for variable in variables or ():
        # The SDK writes these for every variable; Grafana's schema knows them for intervals only.
        variable.auto = variable.auto_count = variable.auto_min = None
    return json.dumps(drawn, cls=JSONEncoder, sort_keys=True, indent=2, ensure_ascii=False) + "\n"
