"""The dashboards as they are committed."""

import json
from collections.abc import Mapping
from typing import Any

from grafana.written import DASHBOARDS

NAMES = ("carbon", "fleet", "node", "prediction", "workloads")


def committed(name: str) -> Mapping[str, Any]:
    """One dashboard as it is committed."""
    content: Mapping[str, Any] = json.loads((DASHBOARDS / f"{name}.json").read_text(encoding="utf-8"))
    return content
