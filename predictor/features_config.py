"""Characteristics of a language model from its Hugging Face config.json: nothing is downloaded, nothing allocated."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulecast.errors import JoulecastError
from predictor.architectures import ARCHITECTURES
from predictor.architectures.transformer import Transformer
from predictor.characteristics import Characteristics
from predictor.nearest import nearest
from predictor.precision import BITS, precision_named, storage_of
from predictor.settings import Settings

DEFAULT_CONTEXT = 1024
_BY_HAND = "or give --parameters, --active-parameters and --precision by hand"


def characteristics_of_config(
    config: Mapping[str, Any] | Path | str,
    *,
    precision: str | None = None,
    kv_precision: str | None = None,
    context_tokens: int = DEFAULT_CONTEXT,
) -> Characteristics:
    """What a config.json describes, as a mapping or a path.

    `macs` are those of generating one token with `context_tokens` to look back at. Weights are sized by the type and
    the quantisation the file names, unless `precision` says otherwise; the cache by `kv_precision`, else in 16 bits.
    Of a model that also sees or hears, the language part is counted, and `notes` say so.

    Raises JoulecastError naming the key, or the `model_type` if it is not known.
    """
    values, where = _read(config)
    settings, notes = _language_part(Settings(values, where))
    if context_tokens < 0:
        raise JoulecastError(f"context_tokens is {context_tokens}", "give a number of tokens, 0 or more")
    model_type = settings.text("model_type")
    model = _transformer(model_type, settings)
    weights = model.weights
    cache_bits = BITS[precision_named(kv_precision)] if kv_precision else 16
    return Characteristics(
        source=f"config.json of {model_type}",
        parameters=weights.parameters,
        trainable_parameters=weights.parameters,
        active_parameters=weights.parameters - weights.idle,
        size_bytes=storage_of(settings, precision).bytes_of(weights),
        macs=model.macs_per_token(context_tokens),
        layers=len(model.layers),
        non_embedding_parameters=weights.parameters - weights.tables,
        kv_bytes_per_token=round(model.cached_elements(1) * cache_bits / 8),
        context_tokens=context_tokens,
        architecture="moe" if model.mixture else "dense",
        notes=notes,
    )


def transformer_of_config(config: Mapping[str, Any] | Path | str) -> Transformer:
    """The same decoder as a count of weights and attention, for MACs and cache sizes at any context."""
    values, where = _read(config)
    settings, _ = _language_part(Settings(values, where))
    return _transformer(settings.text("model_type"), settings)


def _read(config: Mapping[str, Any] | Path | str) -> tuple[Mapping[str, Any], str]:
    if isinstance(config, Mapping):
        return config, "config"
    path = Path(config)
    if path.is_dir():
        path /= "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise JoulecastError(f"{path} cannot be read ({error.strerror})", "name a model's config.json") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise JoulecastError(f"{path} is no JSON ({error})", "it may be truncated: fetch it again") from error
    if not isinstance(values, dict):
        raise JoulecastError(f"{path} holds no JSON object", "name a model's config.json")
    return values, str(path)


def _language_part(settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    if settings.text("model_type") in ARCHITECTURES:
        return settings, ()
    inner = settings.inner("text_config")
    if inner is None or inner.text("model_type") not in ARCHITECTURES:
        return settings, ()
    return inner, (f"the language part only: what else {settings.text('model_type')} has is not counted",)


def _transformer(model_type: str | None, settings: Settings) -> Transformer:
    if model_type is None:
        raise JoulecastError(f"{settings.where}: no key 'model_type'", f"give a model's config.json, {_BY_HAND}")
    count = ARCHITECTURES.get(model_type)
    if count is None:
        raise JoulecastError(
            f"{settings.where}: unknown model_type {model_type!r}", f"{nearest(model_type, ARCHITECTURES)} {_BY_HAND}"
        )
    return count(settings)
