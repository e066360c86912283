"""DeepSeek's decoders: keys and values compressed to a latent vector, fine-grained and shared experts."""

from predictor.architectures.llama import vocabulary
from predictor.architectures.transformer import Attention, Transformer, gated
from predictor.settings import Settings
from predictor.weights import NOTHING, Weights, experts, linear, unpacked, vector


def deepseek(settings: Settings) -> Transformer:
    """V2 and V3, without the layers for multi-token prediction, which do not serve.

    Attention is counted as the model's own code runs it, with keys and values expanded from the latent vector; a server
    that folds the expansion into the queries trades more MACs per position for fewer bytes.
    """
    hidden, depth = settings.count("hidden_size"), settings.count("num_hidden_layers")
    attention, look_back = _attention(settings, hidden)
    total = NOTHING
    for index in range(depth):
        total += attention + vector(hidden) * 2 + _feed_forward(settings, hidden, index)
    total += vector(hidden) + vocabulary(settings, hidden, tied=False)
    return Transformer(total, (Attention(*look_back),) * depth, mixture=total.idle > 0)


def _attention(settings: Settings, hidden: int) -> tuple[Weights, tuple[int, int]]:
    heads = settings.count("num_attention_heads")
    latent, rotary = settings.count("kv_lora_rank"), settings.count("qk_rope_head_dim")
    keyed, value = settings.count("qk_nope_head_dim"), settings.count("v_head_dim")
    bias = settings.flag("attention_bias", default=False)
    query = heads * (keyed + rotary)
    rank = settings.optional("q_lora_rank")
    if rank is None:
        weights = linear(hidden, query)
    else:
        weights = linear(hidden, rank, bias=bias) + vector(rank) + linear(rank, query)
    weights += linear(hidden, latent + rotary, bias=bias) + vector(latent)
    weights += linear(latent, heads * (keyed + value)) + linear(heads * value, hidden, bias=bias)
    return weights, (heads * (keyed + rotary + value), latent + rotary)


def _feed_forward(settings: Settings, hidden: int, index: int) -> Weights:
    count = settings.optional("n_routed_experts")
    dense_first = settings.optional("first_k_dense_replace") or 0
    if count is None or index < dense_first or index % settings.count("moe_layer_freq", default=1):
        return gated(hidden, settings.count("intermediate_size"))
    used, size = settings.count("num_experts_per_tok"), settings.count("moe_intermediate_size")
    if used > count:
        raise settings.wrong("num_experts_per_tok", used, f"at most the number of experts, {count},")
    shared = settings.optional("n_shared_experts") or 0
    weights = unpacked(hidden, count) + experts(gated(hidden, size), count, used)
    return weights + gated(hidden, size * shared)
