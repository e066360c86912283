"""Asks Prometheus what a dashboard asks, as Grafana would: variables resolved, macros replaced, steps chosen."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

SCRAPE_SECONDS = 15  # what the provisioned data source says
_POINTS = 240

Json = Mapping[str, Any]
Get = Callable[[str, Mapping[str, str]], Any]
"""Calls a path of Prometheus's HTTP API with parameters and gives its `data`."""


def http(url: str) -> Get:
    """Ask the server at `url`."""

    def get(path: str, parameters: Mapping[str, str]) -> Any:
        with urlopen(f"{url}{path}?{urlencode(parameters)}", timeout=30) as answer:  # noqa: S310 - given by its user
            return json.load(answer)["data"]

    return get


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel but the headings, those of collapsed rows too."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels") or ()


@dataclass(frozen=True, slots=True)
class Asking:
    """One dashboard over one time range, both ends as Unix times."""

    get: Get
    begin: float
    end: float

    def choices(self, dashboard: Json, chosen: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give every variable the value it has when the dashboard is opened, unless it is `chosen`."""
        values = dict(chosen or {})
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query" and variable["name"] not in values:
                values[variable["name"]] = self._first_choice(variable, values)
        return values

    def options(self, variable: Json, values: Mapping[str, str]) -> list[str]:
        """Everything a query variable offers, in order."""
        query = self.written(variable["query"], values)
        if found := re.fullmatch(r"query_result\((.*)\)", query):
            series = self.get("/api/v1/query", {"query": found[1], "time": str(self.end)})["result"]
            texts = [_as_text(one["metric"]) for one in series]
            pattern = re.compile(variable["regex"].strip("/"))
            offered = [match[1] for text in texts if (match := pattern.search(text))]
        else:
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", query)
            if found is None:
                raise ValueError(f"a variable's query must be query_result(...) or label_values(..., ...): {query}")
            window = {"match[]": found[1], "start": str(self.begin), "end": str(self.end)}
            offered = self.get(f"/api/v1/label/{found[2]}/values", window)
        return sorted(set(offered), key=str.casefold)

    def _first_choice(self, variable: Json, values: Mapping[str, str]) -> str:
        if variable.get("includeAll"):
            return str(variable["allValue"])
        options = self.options(variable, values)
        return options[0] if options else ""

    def written(self, text: str, values: Mapping[str, str], *, step: int = SCRAPE_SECONDS) -> str:
        """Replace macros and variables; what is neither stays, as in Grafana."""
        macros = {
            "__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s",
            "__interval": f"{step}s",
            "__range": f"{round(self.end - self.begin)}s",
            "__range_s": f"{round(self.end - self.begin)}",
        }
        known = {**values, **macros}
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda m: known.get(m[1] or m[2], m[0]), text)

    def step(self, panel: Json) -> int:
        """Seconds between the points of a graph: a multiple of the scrape interval, no finer than the panel wants."""
        finest = {"m": 60, "s": 1}
        interval = panel.get("interval") or f"{SCRAPE_SECONDS}s"
        least = int(interval[:-1]) * finest[interval[-1]]
        wanted = (self.end - self.begin) / _POINTS
        return max(least, SCRAPE_SECONDS * max(1, round(wanted / SCRAPE_SECONDS)))

    def answer(self, panel: Json, target: Json, values: Mapping[str, str]) -> list[Json]:
        """The series of one query: `value` of each where it asks about a moment, `values` where about a range."""
        step = self.step(panel)
        query = self.written(target["expr"], values, step=step)
        if target.get("instant"):
            answer = self.get("/api/v1/query", {"query": query, "time": str(self.end)})
        else:
            begin = self.begin // step * step
            window = {"start": str(begin), "end": str(self.end), "step": str(step)}
            answer = self.get("/api/v1/query_range", {"query": query, **window})
        result: list[Json] = answer["result"]
        return result


def _as_text(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{pairs}}}"
