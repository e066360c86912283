"""A PyTorch module named on the command line, counted without its weights ever being allocated."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from joulecast.errors import JoulecastError
from predictor.characteristics import Characteristics

_AS = "write MODULE:FACTORY, as torchvision.models:resnet18"


def count_module(place: str, sizes: str | None) -> Characteristics:
    """The characteristics of what `MODULE:FACTORY` returns, and its work for one sample of these sizes.

    MODULE is looked for in the working directory too. Raises JoulecastError for what cannot be imported, built or run.
    """
    example = _sizes(sizes)
    factory = _factory(place)
    from predictor.features_torch import characteristics_of_factory

    try:
        return characteristics_of_factory(factory, example)
    except ModuleNotFoundError as missing:
        raise JoulecastError("--torch needs PyTorch", "pip install 'joulecast[torch]'") from missing


def _factory(place: str) -> Any:
    name, colon, attribute = place.partition(":")
    if not name or not colon or not attribute:
        raise JoulecastError(f"{place!r} names no factory", _AS)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:  # importing runs foreign code
        raise JoulecastError(f"{place} cannot be imported ({type(error).__name__}: {error})", _AS) from error
    return found


def _sizes(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() and int(part) > 0 for part in parts):
        raise JoulecastError(
            f"--input: {text!r} are no sizes", "give those of one sample, without the batch: 3,224,224"
        )
    return [int(part) for part in parts]
