"""The Grafana dashboards that ship, as JSON: beside this file once installed, in `grafana/` of a source tree."""

from collections.abc import Mapping
from pathlib import Path

_INSTALLED = Path(__file__).parent
_SOURCE = _INSTALLED.parents[1] / "grafana" / "dashboards"


def shipped() -> Mapping[str, str]:
    """The text of every dashboard by its name ("fleet", "node", ...), in the order of these names."""
    paths = sorted(_INSTALLED.glob("*.json")) or sorted(_SOURCE.glob("*.json"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}
