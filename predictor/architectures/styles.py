"""What the many decoders built like Llama differ in, each checked against the model's own code to the parameter."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Bias:
    """Whether matrices have biases: what this key says, else the default."""

    key: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class Mixture:
    """Where a mixture of experts writes its numbers, and what goes with the experts."""

    count: tuple[str, ...]
    used: tuple[str, ...]
    size: str
    shared_size: str = ""  # of an expert that every token also passes through, behind a gate of its own
    bias: bool = False
    router_bias: bool = False


@dataclass(frozen=True, slots=True)
class Style:
    """How a decoder differs from Llama; the defaults are Llama."""

    norm: int = 1  # parameters per channel: RMS 1, LayerNorm 2, without any 0
    norms: int = 2  # over the hidden size, per layer
    head_norms: Literal["", "head", "all"] = ""  # of queries and keys: over one head, or over all of them
    head_norms_key: str = ""  # that turns them on, where they are a choice
    qkv: Bias = Bias("attention_bias")
    out: Bias = Bias("attention_bias")
    mlp: Bias = Bias()
    gated: bool = True
    tied: bool = False
    head_dim: int | None = None  # where config.json does not say; None is hidden size / heads
    sinks: bool = False  # one learned logit per head
    packs_attention: bool = True  # whether quantisation packs its matrices too
    window: Literal["", "all", "late", "even", "pattern"] = ""  # which layers look back only so far
    pattern: int = 0
    mixture: Mixture | None = None


LLAMA = Style(mlp=Bias("mlp_bias"))
_QWEN2 = Style(qkv=Bias(default=True), out=Bias(), window="late")
_QWEN3 = Style(head_norms="head", head_dim=128, window="late")
_GEMMA = Style(tied=True, head_dim=256)
_GEMMA3 = replace(_GEMMA, norms=4, head_norms="head", window="pattern", pattern=6)
_PLAIN = Style(qkv=Bias(), out=Bias())
_OLMO2 = Style(head_norms="all")

STYLES: Mapping[str, Style] = {
    "llama": LLAMA,
    "mistral": replace(_PLAIN, window="all"),
    "mixtral": replace(
        _PLAIN,
        window="all",
        mixture=Mixture(("num_local_experts",), ("num_experts_per_tok",), "intermediate_size"),
    ),
    "qwen2": _QWEN2,
    "qwen2_moe": replace(
        _QWEN2,
        qkv=Bias("qkv_bias", default=True),
        mixture=Mixture(
            ("num_experts",), ("num_experts_per_tok",), "moe_intermediate_size", "shared_expert_intermediate_size"
        ),
    ),
    "qwen3": _QWEN3,
    "qwen3_moe": replace(
        _QWEN3,
        head_dim=None,
        mixture=Mixture(("num_experts", "num_local_experts"), ("num_experts_per_tok",), "moe_intermediate_size"),
    ),
    "gemma": _GEMMA,
    "gemma2": replace(_GEMMA, norms=4, window="even"),
    "gemma3_text": _GEMMA3,
    "phi3": replace(_PLAIN, window="all"),
    "olmo": Style(norm=0),
    "olmo2": _OLMO2,
    "olmo3": replace(_OLMO2, window="pattern", pattern=4),
    "olmoe": replace(_OLMO2, mixture=Mixture(("num_experts",), ("num_experts_per_tok",), "intermediate_size")),
    "granite": LLAMA,
    "smollm3": replace(LLAMA, tied=True),
    "cohere": Style(norms=1, tied=True, head_norms="head", head_norms_key="use_qk_norm"),
    "stablelm": Style(norm=2, qkv=Bias("use_qkv_bias"), out=Bias()),
    "starcoder2": Style(
        norm=2,
        qkv=Bias("use_bias", default=True),
        out=Bias("use_bias", default=True),
        mlp=Bias("use_bias", default=True),
        gated=False,
        tied=True,
        window="all",
    ),
    "gpt_oss": Style(
        qkv=Bias("attention_bias", default=True),
        out=Bias("attention_bias", default=True),
        head_dim=64,
        sinks=True,
        packs_attention=False,
        window="even",
        mixture=Mixture(
            ("num_local_experts", "num_experts"),
            ("num_experts_per_tok", "experts_per_token"),
            "intermediate_size",
            bias=True,
            router_bias=True,
        ),
    ),
}
