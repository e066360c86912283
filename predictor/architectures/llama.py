"""Decoders built like Llama: grouped-query attention, then a feed-forward block or a mixture of experts."""

from collections.abc import Callable

from joulecast.errors import JoulecastError
from predictor.architectures.styles import Bias, Mixture, Style
from predictor.architectures.transformer import Attention, Transformer, gated, grouped_query, ungated
from predictor.settings import Settings
from predictor.weights import NOTHING, Weights, experts, linear, table, tied_head, unpacked, vector


def like_llama(style: Style) -> Callable[[Settings], Transformer]:
    """The function that counts decoders of a style."""

    def count(settings: Settings) -> Transformer:
        hidden, depth = settings.count("hidden_size"), settings.count("num_hidden_layers")
        attention, look_back = _attention(settings, style, hidden)
        norms = vector(style.norm * hidden)
        total = NOTHING
        for index in range(depth):
            total += attention + norms * style.norms + _feed_forward(settings, style, hidden, index)
        return Transformer(
            total + norms + vocabulary(settings, hidden, tied=style.tied),
            tuple(Attention(*look_back, window) for window in _windows(settings, style, depth)),
            style.mixture is not None,
        )

    return count


def vocabulary(settings: Settings, hidden: int, *, tied: bool, head_bias: bool = False) -> Weights:
    """Embedding and output head."""
    words = settings.count("vocab_size")
    if settings.flag("tie_word_embeddings", default=tied):
        return table(words, hidden) + tied_head(hidden, words)
    return table(words, hidden) + unpacked(hidden, words, bias=head_bias)


def heads_of(settings: Settings, hidden: int, heads: int) -> int:
    """The size of a head where it is not given. Raises JoulecastError if the hidden size cannot be shared out."""
    if hidden % heads:
        raise settings.wrong("num_attention_heads", heads, f"a divisor of the hidden size {hidden}")
    return hidden // heads


def _attention(settings: Settings, style: Style, hidden: int) -> tuple[Weights, tuple[int, int]]:
    heads = settings.count("num_attention_heads")
    groups = settings.count("num_key_value_heads", default=heads)
    dim = settings.optional("head_dim") or style.head_dim or heads_of(settings, hidden, heads)
    if heads % groups:
        raise settings.wrong("num_key_value_heads", groups, f"a divisor of the {heads} attention heads")
    weights = grouped_query(
        hidden, heads, groups, dim, bias=_biased(settings, style.qkv), out_bias=_biased(settings, style.out)
    )
    if not style.head_norms_key or settings.flag(style.head_norms_key, default=False):
        if style.head_norms == "head":
            weights += vector(2 * dim) if not style.head_norms_key else vector((heads + groups) * dim)
        elif style.head_norms == "all":
            weights += vector((heads + groups) * dim)
    if style.sinks:
        weights += vector(heads)
    if not style.packs_attention:
        weights = weights.unquantised()
    return weights, (2 * heads * dim, 2 * groups * dim)


def _feed_forward(settings: Settings, style: Style, hidden: int, index: int) -> Weights:
    if style.mixture is not None and _is_sparse(settings, index):
        return _mixture(settings, style.mixture, hidden)
    block = gated if style.gated else ungated
    return block(hidden, settings.count("intermediate_size"), bias=_biased(settings, style.mlp))


def _mixture(settings: Settings, mixture: Mixture, hidden: int) -> Weights:
    count, used = settings.count(*mixture.count), settings.count(*mixture.used)
    if used > count:
        raise settings.wrong(mixture.used[0], used, f"at most the number of experts, {count},")
    size = settings.count(mixture.size)
    weights = unpacked(hidden, count, bias=mixture.router_bias)
    weights += experts(gated(hidden, size, bias=mixture.bias), count, used)
    shared = settings.optional(mixture.shared_size) if mixture.shared_size else None
    if shared:
        weights += gated(hidden, shared) + linear(hidden, 1)
    return weights


def _is_sparse(settings: Settings, index: int) -> bool:
    """Whether this layer has experts: in a few models some layers have none."""
    dense = settings.items("mlp_only_layers") or []
    return index not in dense and (index + 1) % settings.count("decoder_sparse_step", default=1) == 0


def _biased(settings: Settings, bias: Bias) -> bool:
    return settings.flag(bias.key, default=bias.default) if bias.key else bias.default


def _windows(settings: Settings, style: Style, depth: int) -> list[int | None]:
    window = settings.optional("sliding_window") if style.window else None
    if window is None or (style.window == "late" and not settings.flag("use_sliding_window", default=False)):
        return [None] * depth
    kinds = settings.items("layer_types")
    if kinds is not None:
        if len(kinds) != depth:
            raise JoulecastError(
                f"{settings.where}: 'layer_types' has {len(kinds)} entries for {depth} layers", "one belongs to each"
            )
        return [window if kind == "sliding_attention" else None for kind in kinds]
    pattern = settings.count("sliding_window_pattern", default=style.pattern or 1)
    first_late = settings.count("max_window_layers", default=depth) if style.window == "late" else 0
    slides: Callable[[int], bool] = {
        "all": lambda _: True,
        "late": lambda index: index >= first_late,
        "even": lambda index: index % 2 == 0,
        "pattern": lambda index: bool((index + 1) % pattern),
    }[style.window]
    return [window if slides(index) else None for index in range(depth)]
