"""The older decoders, each with its own names and habits: GPT-2, GPT-J, GPT-NeoX, OPT, BLOOM, Falcon, Phi."""

from predictor.architectures.llama import heads_of, vocabulary
from predictor.architectures.transformer import Attention, Transformer, grouped_query, ungated
from predictor.settings import Settings
from predictor.weights import Weights, linear, table, tied_head, vector


def gpt2(settings: Settings) -> Transformer:
    """GPT-2: learned positions, a bias everywhere, one table for both ends."""
    hidden, depth = settings.count("n_embd", "hidden_size"), settings.count("n_layer", "num_hidden_layers")
    heads = settings.count("n_head", "num_attention_heads")
    inner = settings.optional("n_inner") or 4 * hidden
    layer = _heads(hidden, heads, settings) + ungated(hidden, inner, bias=True) + vector(4 * hidden)
    ends = vocabulary(settings, hidden, tied=True) + table(settings.count("n_positions"), hidden)
    return _stacked(layer, depth, ends + vector(2 * hidden), hidden)


def gptj(settings: Settings) -> Transformer:
    """GPT-J: attention and feed-forward side by side behind one norm, a bias at the output head."""
    hidden, depth = settings.count("n_embd", "hidden_size"), settings.count("n_layer", "num_hidden_layers")
    heads = settings.count("n_head", "num_attention_heads")
    inner = settings.optional("n_inner") or 4 * hidden
    layer = _heads(hidden, heads, settings, bias=False) + ungated(hidden, inner, bias=True) + vector(2 * hidden)
    return _stacked(layer, depth, vocabulary(settings, hidden, tied=False, head_bias=True) + vector(2 * hidden), hidden)


def gpt_neox(settings: Settings) -> Transformer:
    """GPT-NeoX and Pythia."""
    hidden, depth = settings.count("hidden_size"), settings.count("num_hidden_layers")
    bias = settings.flag("attention_bias", default=True)
    layer = _heads(hidden, settings.count("num_attention_heads"), settings, bias=bias)
    layer += ungated(hidden, settings.count("intermediate_size"), bias=True) + vector(4 * hidden)
    return _stacked(layer, depth, vocabulary(settings, hidden, tied=False) + vector(2 * hidden), hidden)


def opt(settings: Settings) -> Transformer:
    """OPT: learned positions with two rows to spare, in the smallest model a narrower embedding."""
    hidden, depth = settings.count("hidden_size"), settings.count("num_hidden_layers")
    width, words = settings.count("word_embed_proj_dim", default=hidden), settings.count("vocab_size")
    bias = settings.flag("enable_bias", default=True)
    norm = vector(2 * hidden) if settings.flag("layer_norm_elementwise_affine", default=True) else vector(0)
    layer = _heads(hidden, settings.count("num_attention_heads"), settings, bias=bias)
    layer += ungated(hidden, settings.count("ffn_dim"), bias=bias) + norm * 2
    ends = table(words, width) + table(settings.count("max_position_embeddings") + 2, hidden)
    ends += tied_head(width, words)
    if width != hidden:
        ends += linear(width, hidden) + linear(hidden, width)
    if settings.flag("do_layer_norm_before", default=True) and not settings.flag(
        "_remove_final_layer_norm", default=False
    ):
        ends += norm
    return _stacked(layer, depth, ends, hidden)


def bloom(settings: Settings) -> Transformer:
    """BLOOM: no positions to learn, a norm over the embedding."""
    hidden, depth = settings.count("hidden_size", "n_embed"), settings.count("n_layer", "num_hidden_layers")
    layer = _heads(hidden, settings.count("n_head", "num_attention_heads"), settings)
    layer += ungated(hidden, 4 * hidden, bias=True) + vector(4 * hidden)
    return _stacked(layer, depth, vocabulary(settings, hidden, tied=True) + vector(4 * hidden), hidden)


def falcon(settings: Settings) -> Transformer:
    """Falcon: one key-value head for all, or a few in the newer models."""
    hidden, depth = settings.count("hidden_size"), settings.count("num_hidden_layers", "n_layer")
    heads = settings.count("num_attention_heads", "n_head")
    dim = heads_of(settings, hidden, heads)
    newer = settings.flag("new_decoder_architecture", default=False)
    if newer:
        groups = settings.count("num_kv_heads", "n_head_kv", default=heads)
    else:
        groups = 1 if settings.flag("multi_query", default=True) else heads
    bias = settings.flag("bias", default=False)
    norms = (settings.optional("num_ln_in_parallel_attn") or 2) if newer else 1
    if not newer and not settings.flag("parallel_attn", default=True):
        norms = 2
    inner = settings.optional("ffn_hidden_size") or 4 * hidden
    layer = grouped_query(hidden, heads, groups, dim, bias=bias, out_bias=bias)
    layer += ungated(hidden, inner, bias=bias) + vector(2 * hidden) * norms
    ends = vocabulary(settings, hidden, tied=True) + vector(2 * hidden)
    return Transformer(layer * depth + ends, (Attention(2 * heads * dim, 2 * groups * dim),) * depth)


def phi(settings: Settings) -> Transformer:
    """Phi-1, Phi-1.5 and Phi-2."""
    hidden, depth = settings.count("hidden_size"), settings.count("num_hidden_layers")
    heads = settings.count("num_attention_heads")
    groups = settings.count("num_key_value_heads", default=heads)
    dim = heads_of(settings, hidden, heads)
    layer = grouped_query(hidden, heads, groups, dim, bias=True, out_bias=True)
    if settings.flag("qk_layernorm", default=False):
        layer += vector(4 * dim)
    layer += ungated(hidden, settings.count("intermediate_size"), bias=True) + vector(2 * hidden)
    ends = vocabulary(settings, hidden, tied=False, head_bias=True) + vector(2 * hidden)
    return Transformer(layer * depth + ends, (Attention(2 * heads * dim, 2 * groups * dim),) * depth)


def _heads(hidden: int, heads: int, settings: Settings, *, bias: bool = True) -> Weights:
    return grouped_query(hidden, heads, heads, heads_of(settings, hidden, heads), bias=bias, out_bias=bias)


def _stacked(layer: Weights, depth: int, ends: Weights, hidden: int) -> Transformer:
    return Transformer(layer * depth + ends, (Attention(2 * hidden, 2 * hidden),) * depth)
