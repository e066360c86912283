"""How single fields differ from their panel: a name, a colour, a unit, a link. Grafana calls these overrides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grafana.colours import COMPONENT_NAMES, COMPONENTS
from grafana.colours import PROVENANCES as PROVENANCE_COLOURS


@dataclass(frozen=True, slots=True)
class Field:
    """Properties, by Grafana's id of each, of fields called `name` or matching the regular expression `like`."""

    name: str = ""
    like: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


def fixed(colour: str) -> dict[str, str]:
    """Grafana's words for one colour."""
    return {"mode": "fixed", "fixedColor": colour}


def coloured(colours: Mapping[str, str], names: Mapping[str, str] | None = None) -> list[Field]:
    """Give each of these fields its colour, and a nicer name where there is one."""
    return [
        Field(
            name,
            properties={"color": fixed(colour), **({"displayName": names[name]} if names and name in names else {})},
        )
        for name, colour in colours.items()
    ]


BY_COMPONENT = coloured(COMPONENTS, COMPONENT_NAMES)
BY_PROVENANCE = coloured(PROVENANCE_COLOURS)


def dashed(name: str, colour: str) -> Field:
    """A line to compare with: dashed, unfilled, outside of any stack."""
    return Field(
        name,
        properties={
            "color": fixed(colour),
            "custom.lineStyle": {"fill": "dash", "dash": [8, 6]},
            "custom.fillOpacity": 0,
            "custom.stacking": {"mode": "none", "group": "A"},
        },
    )


def column(name: str, unit: str, *, decimals: int | None = None, width: int | None = None, **properties: Any) -> Field:
    """A column of a table with its own unit."""
    known = {"unit": unit, "decimals": decimals, "custom.width": width}
    return Field(name, properties={key: value for key, value in known.items() if value is not None} | properties)


def gauge_column(name: str, colour: str, *, decimals: int = 0, width: int | None = None) -> Field:
    """A column of ratios drawn as bars from 0 to 1."""
    return Field(
        name,
        properties={
            "unit": "percentunit",
            "decimals": decimals,
            "min": 0,
            "max": 1,
            "color": fixed(colour),
            "custom.cellOptions": {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"},
            **({"custom.width": width} if width else {}),
        },
    )


def bands(component: str, colour: str) -> Iterable[Field]:
    """A line with the band of its uncertainty, from the fields `lower` and `upper`."""
    edge = {
        "color": fixed(colour),
        "custom.lineWidth": 0,
        "custom.fillOpacity": 0,
        "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False},
    }
    yield Field(component, properties={"color": fixed(colour), "custom.lineWidth": 2, "custom.fillOpacity": 0})
    yield Field("lower", properties=edge)
    yield Field("upper", properties={**edge, "custom.fillBelowTo": "lower", "custom.fillOpacity": 25})
