"""Configurations of published models, as far as they decide a count, with the parameters their authors publish."""

from typing import Any


def _llama(  # noqa: PLR0917 - read as columns of the table below
    hidden: int, layers: int, heads: int, groups: int, inner: int, words: int, **more: Any
) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": groups,
        "intermediate_size": inner,
        "vocab_size": words,
        "torch_dtype": "bfloat16",
        **more,
    }


LLAMA_3_8B = _llama(4096, 32, 32, 8, 14336, 128256, tie_word_embeddings=False)
MIXTRAL_8X7B = _llama(
    4096, 32, 32, 8, 14336, 32000, model_type="mixtral", num_local_experts=8, num_experts_per_tok=2, sliding_window=None
)
QWEN3_30B_A3B = _llama(
    2048, 48, 32, 4, 6144, 151936, model_type="qwen3_moe", head_dim=128, num_experts=128, num_experts_per_tok=8,
    moe_intermediate_size=768, decoder_sparse_step=1, mlp_only_layers=[], tie_word_embeddings=False,
)  # fmt: skip
DEEPSEEK_V3 = _llama(
    7168, 61, 128, 128, 18432, 129280, model_type="deepseek_v3", q_lora_rank=1536, kv_lora_rank=512,
    qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128, n_routed_experts=256, n_shared_experts=1,
    num_experts_per_tok=8, moe_intermediate_size=2048, first_k_dense_replace=3, moe_layer_freq=1,
    num_nextn_predict_layers=1, quantization_config={"quant_method": "fp8", "weight_block_size": [128, 128]},
)  # fmt: skip
GPT_OSS_20B = _llama(
    2880, 24, 64, 8, 2880, 201088, model_type="gpt_oss", head_dim=64, num_local_experts=32, num_experts_per_tok=4,
    attention_bias=True, sliding_window=128, quantization_config={"quant_method": "mxfp4"},
)  # fmt: skip
GEMMA_2_9B = _llama(3584, 42, 16, 8, 14336, 256000, model_type="gemma2", head_dim=256, sliding_window=4096)
MISTRAL_7B = _llama(4096, 32, 32, 8, 14336, 32000, model_type="mistral", sliding_window=4096)

PUBLISHED: dict[str, tuple[dict[str, Any], int]] = {
    "Llama-2-7b": (_llama(4096, 32, 32, 32, 11008, 32000), 6_738_415_616),
    "Llama-2-13b": (_llama(5120, 40, 40, 40, 13824, 32000), 13_015_864_320),
    "Llama-2-70b": (_llama(8192, 80, 64, 8, 28672, 32000), 68_976_648_192),
    "Meta-Llama-3-8B": (LLAMA_3_8B, 8_030_261_248),
    "Meta-Llama-3-70B": (_llama(8192, 80, 64, 8, 28672, 128256), 70_553_706_496),
    "Llama-3.1-405B": (_llama(16384, 126, 128, 8, 53248, 128256), 405_853_388_800),
    "Llama-3.2-1B": (_llama(2048, 16, 32, 8, 8192, 128256, head_dim=64, tie_word_embeddings=True), 1_235_814_400),
    "Llama-3.2-3B": (_llama(3072, 28, 24, 8, 8192, 128256, head_dim=128, tie_word_embeddings=True), 3_212_749_824),
    "Mistral-7B-v0.1": (MISTRAL_7B, 7_241_732_096),
    "Mistral-7B-v0.3": ({**MISTRAL_7B, "vocab_size": 32768, "sliding_window": None}, 7_248_023_552),
    "Mixtral-8x7B": (MIXTRAL_8X7B, 46_702_792_704),
    "Mixtral-8x22B": (
        {**MIXTRAL_8X7B, "hidden_size": 6144, "num_hidden_layers": 56, "num_attention_heads": 48,
         "intermediate_size": 16384, "vocab_size": 32768}, 140_630_071_296,
    ),
    "Qwen2-0.5B": (
        _llama(896, 24, 14, 2, 4864, 151936, model_type="qwen2", tie_word_embeddings=True), 494_032_768,
    ),
    "Qwen2-7B": (_llama(3584, 28, 28, 4, 18944, 152064, model_type="qwen2"), 7_615_616_512),
    "Qwen1.5-MoE-A2.7B": (
        _llama(2048, 24, 16, 16, 5632, 151936, model_type="qwen2_moe", num_experts=60, num_experts_per_tok=4,
               moe_intermediate_size=1408, shared_expert_intermediate_size=5632, decoder_sparse_step=1),
        14_315_784_192,
    ),
    "Qwen3-8B": (_llama(4096, 36, 32, 8, 12288, 151936, model_type="qwen3", head_dim=128), 8_190_735_360),
    "Qwen3-30B-A3B": (QWEN3_30B_A3B, 30_532_122_624),
    "Qwen3-235B-A22B": (
        {**QWEN3_30B_A3B, "hidden_size": 4096, "num_hidden_layers": 94, "num_attention_heads": 64,
         "moe_intermediate_size": 1536}, 235_093_634_560,
    ),
    "gemma-2b": (_llama(2048, 18, 8, 1, 16384, 256000, model_type="gemma", head_dim=256), 2_506_172_416),
    "gemma-7b": (_llama(3072, 28, 16, 16, 24576, 256000, model_type="gemma", head_dim=256), 8_537_680_896),
    "gemma-2-2b": (
        {**GEMMA_2_9B, "hidden_size": 2304, "num_hidden_layers": 26, "num_attention_heads": 8,
         "num_key_value_heads": 4, "intermediate_size": 9216}, 2_614_341_888,
    ),
    "gemma-2-9b": (GEMMA_2_9B, 9_241_705_984),
    "gemma-2-27b": (
        {**GEMMA_2_9B, "hidden_size": 4608, "num_hidden_layers": 46, "num_attention_heads": 32,
         "num_key_value_heads": 16, "intermediate_size": 36864, "head_dim": 128}, 27_227_128_320,
    ),
    "gemma-3-1b": (
        _llama(1152, 26, 4, 1, 6912, 262144, model_type="gemma3_text", head_dim=256, sliding_window=512), 999_885_952,
    ),
    "phi-2": (_llama(2560, 32, 32, 32, 10240, 51200, model_type="phi"), 2_779_683_840),
    "Phi-3-mini-4k": (_llama(3072, 32, 32, 32, 8192, 32064, model_type="phi3", sliding_window=2047), 3_821_079_552),
    "DeepSeek-V2-Lite": (
        {**DEEPSEEK_V3, "model_type": "deepseek_v2", "hidden_size": 2048, "num_hidden_layers": 27,
         "num_attention_heads": 16, "intermediate_size": 10944, "vocab_size": 102400, "q_lora_rank": None,
         "n_routed_experts": 64, "n_shared_experts": 2, "num_experts_per_tok": 6, "moe_intermediate_size": 1408,
         "first_k_dense_replace": 1, "quantization_config": None}, 15_706_484_224,
    ),
    "DeepSeek-V3": (DEEPSEEK_V3, 671_026_404_352),
    "gpt2": (
        {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257},
        124_439_808,
    ),
    "gpt2-xl": (
        {"model_type": "gpt2", "n_embd": 1600, "n_layer": 48, "n_head": 25, "n_positions": 1024, "vocab_size": 50257},
        1_557_611_200,
    ),
    "gpt-j-6b": (
        {"model_type": "gptj", "n_embd": 4096, "n_layer": 28, "n_head": 16, "vocab_size": 50400}, 6_050_882_784,
    ),
    "pythia-6.9b": (_llama(4096, 32, 32, 32, 16384, 50432, model_type="gpt_neox"), 6_857_302_016),
    "pythia-1b": (_llama(2048, 16, 8, 8, 8192, 50304, model_type="gpt_neox"), 1_011_781_632),
    "opt-125m": (
        {"model_type": "opt", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "ffn_dim": 3072,
         "vocab_size": 50272, "max_position_embeddings": 2048, "word_embed_proj_dim": 768}, 125_239_296,
    ),
    "bloom-7b1": (
        {"model_type": "bloom", "n_embed": 4096, "n_layer": 30, "num_attention_heads": 32, "vocab_size": 250880},
        7_069_016_064,
    ),
    "bloom": (
        {"model_type": "bloom", "n_embed": 14336, "n_layer": 70, "num_attention_heads": 112, "vocab_size": 250880},
        176_247_271_424,
    ),
    "falcon-7b": (
        {"model_type": "falcon", "hidden_size": 4544, "num_hidden_layers": 32, "num_attention_heads": 71,
         "vocab_size": 65024, "bias": False, "multi_query": True, "parallel_attn": True}, 6_921_720_704,
    ),
    "falcon-40b": (
        {"model_type": "falcon", "hidden_size": 8192, "num_hidden_layers": 60, "num_attention_heads": 128,
         "num_kv_heads": 8, "vocab_size": 65024, "new_decoder_architecture": True}, 41_303_293_952,
    ),
    "starcoder2-3b": (
        _llama(3072, 30, 24, 2, 12288, 49152, model_type="starcoder2", use_bias=True), 3_030_371_328,
    ),
    "OLMo-7B": (_llama(4096, 32, 32, 32, 11008, 50304, model_type="olmo"), 6_888_095_744),
    "OLMo-2-1124-7B": (_llama(4096, 32, 32, 32, 11008, 100352, model_type="olmo2"), 7_298_617_344),
    "OLMoE-1B-7B": (
        _llama(2048, 16, 16, 16, 1024, 50304, model_type="olmoe", num_experts=64, num_experts_per_tok=8),
        6_919_161_856,
    ),
    "stablelm-3b-4e1t": (_llama(2560, 32, 32, 32, 6912, 50304, model_type="stablelm"), 2_795_443_200),
    "SmolLM3-3B": (_llama(2048, 36, 16, 4, 11008, 128256, model_type="smollm3"), 3_075_098_624),
    "gpt-oss-20b": (GPT_OSS_20B, 20_914_757_184),
    "gpt-oss-120b": ({**GPT_OSS_20B, "num_hidden_layers": 36, "num_local_experts": 128}, 116_829_156_672),
}  # fmt: skip
