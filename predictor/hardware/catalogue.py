"""The packaged catalogue of hardware: devices by name or alias. What it does not know is an error, never a guess."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from joulecast.errors import JoulecastError
from predictor.hardware.device import Device
from predictor.hardware.naming import keys_of, words_of

KINDS = ("gpu", "accelerator", "cpu", "board")
"""What a device can be."""

_GIB = 2**30
_SHOWN = 6
_BY_HAND = "give its figures: tdp_watts, memory_bytes, memory_bandwidth_bytes_per_second and peak_flops_per_second"


def device_named(name: str) -> Device:
    """The device a name or alias means, as drivers report it or as people write it.

    Vendor, case and dashes do not matter, and words may be left out as long as one device remains. Raises
    JoulecastError that suggests near names where the name is unknown, or lists those it could mean.
    """
    index = _index()
    branded, plain = keys_of(name)
    found = (
        (index.branded.get(branded) if branded != plain else ())
        or index.plain.get(plain)
        or _with_words(index, words_of(name))
    )
    if len(found) == 1:
        return found[0]
    if found:
        shown = [each.name for each in found[:_SHOWN]]
        more = f", or one of {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise JoulecastError(f"{name!r} could be {', '.join(shown)}{more}", f"name it in full, or {_BY_HAND}")
    near = _near(index, name)
    raise JoulecastError(
        f"unknown device {name!r}", f"did you mean {', '.join(near)}? Or {_BY_HAND}" if near else _BY_HAND
    )


def devices(kind: str = "", matching: str = "") -> tuple[Device, ...]:
    """All devices, or those of a kind, or those with `matching` in a name or alias; in the catalogue's order.

    Raises JoulecastError for a kind there is not.
    """
    if kind and kind not in KINDS:
        raise JoulecastError(f"unknown kind of hardware {kind!r}", f"there are {', '.join(KINDS)}")
    wanted, as_written = keys_of(matching)[1], matching.strip().lower()
    return tuple(
        each
        for each in _index().all
        if (not kind or each.kind == kind)
        and any(
            as_written in name.lower() or (wanted and wanted in keys_of(name)[1]) for name in (each.name, *each.aliases)
        )
    )


class _Index(NamedTuple):
    all: tuple[Device, ...]
    branded: Mapping[str, Sequence[Device]]
    plain: Mapping[str, Sequence[Device]]
    by_word: Mapping[str, frozenset[int]]


@cache
def _index() -> _Index:
    """The catalogue, read once and only when asked."""
    import tomllib

    known: list[Device] = []
    for file in ("devices.toml", "cpus.toml"):
        document = tomllib.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))
        known += _devices_of(document)
    branded: dict[str, list[Device]] = {}
    plain: dict[str, list[Device]] = {}
    by_word: dict[str, set[int]] = {}
    for place, each in enumerate(known):
        for name in (each.name, *each.aliases):
            for keys, key in zip((branded, plain), keys_of(name), strict=True):
                if each not in keys.setdefault(key, []):
                    keys[key].append(each)
            for word in words_of(name):
                by_word.setdefault(word, set()).add(place)
    return _Index(tuple(known), branded, plain, {word: frozenset(places) for word, places in by_word.items()})


def _devices_of(document: Mapping[str, Any]) -> list[Device]:
    sources = document["sources"]
    known = [
        _device(name, kind, figures, sources) for kind in KINDS for name, figures in document.get(kind, {}).items()
    ]
    for family in document.get("family", ()):
        for part in family["parts"]:
            designation, watts = part.rsplit(": ", 1)
            figures = {"tdp": float(watts), "bandwidth": family.get("bandwidth"), "source": family["source"]}
            known.append(_device(family["name"].format(designation), "cpu", figures, sources))
    return known


def _device(name: str, kind: str, figures: Mapping[str, Any], sources: Mapping[str, str]) -> Device:
    return Device(
        name=name,
        kind=kind,
        aliases=tuple(figures.get("aliases", ())),
        tdp_watts=_scaled(figures.get("tdp"), 1),
        memory_bytes=_scaled(figures.get("memory"), _GIB),
        memory_bandwidth_bytes_per_second=_scaled(figures.get("bandwidth"), 1e9),
        peak_flops_per_second=_scaled(figures.get("peak"), 1e12),
        idle_watts=_scaled(figures.get("idle"), 1),
        source=sources[figures["source"]],
        notes=figures.get("notes", ""),
    )


def _scaled(value: float | None, unit: float) -> float | None:
    """In base units, without the noise of a decimal fraction times a power of ten."""
    return None if value is None else float(f"{value * unit:.12g}")


def _with_words(index: _Index, words: Sequence[str]) -> Sequence[Device]:
    """The devices that have all these words in their names."""
    places = [index.by_word.get(word, frozenset()) for word in words]
    if not places:
        return ()
    return [index.all[place] for place in sorted(frozenset.intersection(*places))]


def _near(index: _Index, name: str) -> list[str]:
    """A few names it may have been meant to be, each device once."""
    from difflib import get_close_matches

    near: list[str] = []
    for key in get_close_matches(keys_of(name)[1], index.plain, n=_SHOWN, cutoff=0.6):
        near += [each.name for each in index.plain[key] if each.name not in near]
    return near[:3]
