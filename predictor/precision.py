"""How many bits a weight takes, by the name of its type or of its quantisation."""

from collections.abc import Mapping
from dataclasses import dataclass

from joulecast.errors import JoulecastError
from predictor.nearest import nearest
from predictor.settings import Settings
from predictor.weights import Weights

BITS: Mapping[str, float] = {
    "fp64": 64,
    "fp32": 32,
    "fp16": 16,
    "bf16": 16,
    "fp8": 8,
    "int8": 8,
    "mxfp4": 4.25,  # blocks of 32 share a scale of 8 bits
    "nvfp4": 4.5,  # blocks of 16 share a scale of 8 bits
    "int4": 4,
}
"""Bits of one weight, scales of block formats included."""

_ALIASES = {
    "float64": "fp64",
    "float32": "fp32",
    "float": "fp32",
    "float16": "fp16",
    "half": "fp16",
    "bfloat16": "bf16",
    "float8_e4m3fn": "fp8",
    "float8_e5m2": "fp8",
    "32bit": "fp32",
    "16bit": "bf16",
    "8bit": "int8",
    "4bit": "int4",
    "nf4": "int4",
}
_SCALE_BITS = 16
_DEFAULT_GROUP = 128


def precision_named(name: str) -> str:
    """The precision a name or alias means. Raises JoulecastError suggesting the nearest."""
    plain = name.strip().lower().removeprefix("torch.")
    plain = _ALIASES.get(plain, plain)
    if plain not in BITS:
        raise JoulecastError(f"unknown precision {name!r}", nearest(plain, BITS))
    return plain


@dataclass(frozen=True, slots=True)
class Storage:
    """How weights are kept: matrices may be packed, all else stays in the model's own type."""

    plain: str
    matrices: str
    scale_bits: float = 0.0  # per packed weight, for what the precision itself does not include

    def bytes_of(self, weights: Weights) -> int:
        """Memory of all weights."""
        packed = weights.matrices * (BITS[self.matrices] + self.scale_bits)
        return round((packed + (weights.plain + weights.tables) * BITS[self.plain]) / 8)


def storage_of(settings: Settings, precision: str | None = None) -> Storage:
    """How a config.json says its weights are kept, unless `precision` says otherwise. Raises JoulecastError."""
    plain = precision_named(settings.text("dtype", "torch_dtype") or "bf16")
    quantised = settings.inner("quantization_config")
    if precision is not None:
        wanted = precision_named(precision)
        return Storage(wanted if BITS[wanted] >= 16 else min(plain, "fp16", key=BITS.__getitem__), wanted)
    if quantised is None:
        return Storage(plain, plain)
    return _quantised(quantised, plain)


def _quantised(settings: Settings, plain: str) -> Storage:
    method = settings.text("quant_method")
    if method in {"gptq", "awq"}:
        bits = settings.count("bits", default=4)
        group = settings.optional("group_size") if _is_positive(settings, "group_size") else None
        # A group shares a scale and a zero point.
        return Storage(plain, _packed(settings, "bits", bits), (_SCALE_BITS + bits) / (group or _DEFAULT_GROUP))
    if method == "bitsandbytes":
        if settings.flag("load_in_4bit", default=False):
            return Storage(plain, "int4", 8 / 64)
        return Storage(plain, "int8")
    if method in {"fp8", "fbgemm_fp8"}:
        return Storage(plain, "fp8")
    if method in {"mxfp4", "nvfp4"}:
        return Storage(plain, method)
    raise JoulecastError(
        f"{settings.where}: unknown 'quant_method' {method!r}", "give the precision by hand, as --precision int4"
    )


def _packed(settings: Settings, name: str, bits: int) -> str:
    if bits not in (4, 8):
        raise settings.wrong(name, bits, "4 or 8")
    return f"int{bits}"


def _is_positive(settings: Settings, name: str) -> bool:
    """Whether there are groups at all: -1 means one per column."""
    return settings.raw(name) not in (None, -1)
