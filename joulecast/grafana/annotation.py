"""What Grafana's graphs say of one interval: from when to when, its joules, and tags to find it by."""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass

from joulecast.client.readable import cost_text, grams_text, seconds_text
from joulecast.client.result import Result

TAG = "joulecast"  # what the dashboards ask for
# Grafana refuses more than 100 characters of a tag, and by default 500 bytes of all tags as JSON.
_TAG_CHARACTERS = 100
_TAG_BYTES = 130
_LINE = 500


@dataclass(frozen=True, slots=True)
class Annotation:
    """A region, times in milliseconds since the epoch. The text is HTML to Grafana, and has none of ours in it."""

    begin: int
    end: int
    tags: tuple[str, ...]
    text: str


def tag_of(interval_id: str) -> str:
    """The tag that only this interval's annotation has."""
    return f"interval:{interval_id}"


def annotation_of(result: Result, node: str = "") -> Annotation | None:
    """The annotation of a final interval; None for one that has no place in time or no id."""
    if result.begin_time is None or not result.interval_id:
        return None
    begin = round(result.begin_time * 1e3)
    end = result.end_time
    if end is None or end <= result.begin_time:  # its clock was set back meanwhile
        end = result.begin_time + (result.duration_seconds or 0.0)
    pairs = (("job", result.job), ("phase", result.phase), ("node", node))
    tags = (TAG, tag_of(result.interval_id), *(_tag(key, value) for key, value in pairs if _plain(value)))
    text = "\n".join(_escaped(line) for line in _lines(result, node))
    # A region that ends when it begins is drawn as a point, and not found by its end.
    return Annotation(begin, max(round(end * 1e3), begin + 1), tags, text)


def _lines(result: Result, node: str) -> Iterator[str]:
    pairs = (("job", result.job), ("phase", result.phase))
    of = ", ".join(f"{key} {_plain(value)}" for key, value in pairs if _plain(value))
    name = _plain(result.name) or "interval"
    yield f"{name} ({of})" if of else name
    yield str(result.energy)
    footprint = result.footprint
    rated = []
    if footprint.grams_co2e is not None:
        rated.append(f"{grams_text(footprint.grams_co2e, footprint.uncertainty_grams_co2e)} CO2e")
    if footprint.cost is not None:
        rated.append(cost_text(footprint.cost, footprint.currency, footprint.uncertainty_cost))
    if rated:
        yield ", ".join(rated)
    took = seconds_text(result.duration_seconds)
    where = f"{took} on {node}" if node else took
    yield f"{where}, cut short: its workload fell silent" if result.status == "truncated" else where
    coverage = result.energy.coverage
    if result.energy.gross_joules is not None and coverage is not None and coverage < 1:
        yield f"{min(coverage * 100, 99.9):.1f} % of that was observed"
    if result.labels:
        yield " ".join(f"{key}={value}" for key, value in result.labels.items())


def _escaped(line: str) -> str:
    """Names and labels are written by others, and Grafana shows annotations as HTML."""
    plain = _plain(line)
    return html.escape(plain if len(plain) <= _LINE else f"{plain[:_LINE]}…", quote=False)


def _tag(key: str, value: str) -> str:
    text = f"{key}:{_plain(value)}"
    if len(text) <= _TAG_CHARACTERS and _size(text) <= _TAG_BYTES:
        return text
    text = text[: _TAG_CHARACTERS - 1]
    while _size(text) > _TAG_BYTES - len("…".encode()):
        text = text[:-1]
    return f"{text.rstrip()}…"


def _size(text: str) -> int:
    """Bytes of a tag in Grafana's JSON, which spells these three out."""
    written = json.dumps(text, ensure_ascii=False)
    return len(written.encode(errors="replace")) + 5 * sum(written.count(char) for char in "<>&")


def _plain(text: str) -> str:
    """The text on one line and without what cannot be printed: Grafana trims a tag too, and would not find it."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
