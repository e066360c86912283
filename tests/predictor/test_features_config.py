"""A config.json becomes characteristics, exact to the parameter, without weights."""

import json
from pathlib import Path
from typing import Any

import pytest
from doubles.published_models import (
    DEEPSEEK_V3,
    GEMMA_2_9B,
    GPT_OSS_20B,
    LLAMA_3_8B,
    MISTRAL_7B,
    MIXTRAL_8X7B,
    PUBLISHED,
    QWEN3_30B_A3B,
)

from joulecast.errors import JoulecastError
from predictor.features_config import characteristics_of_config, transformer_of_config


@pytest.mark.parametrize(("config", "parameters"), PUBLISHED.values(), ids=PUBLISHED)
def test_a_published_model_has_its_published_parameters(config: dict[str, Any], parameters: int) -> None:
    """Every parameter is counted, and none twice."""
    assert characteristics_of_config(config).parameters == parameters


def test_macs_are_one_per_weight_and_two_per_earlier_position_and_channel() -> None:
    """Llama-3-8B costs its parameters without the embedding, and 2 x 32 layers x 4096 channels per position."""
    found = characteristics_of_config(LLAMA_3_8B, context_tokens=512)
    assert found.non_embedding_parameters is not None
    assert found.macs is not None
    assert found.macs == pytest.approx(found.non_embedding_parameters + 2 * 32 * 4096 * 512, rel=1e-4)
    # Everything but the norms, exactly.
    assert found.macs == found.non_embedding_parameters - 65 * 4096 + 2 * 32 * 4096 * 512


@pytest.mark.parametrize(
    ("config", "active"),
    [
        (LLAMA_3_8B, 8_030_261_248),
        (MIXTRAL_8X7B, 46_702_792_704 - 6 * 32 * 3 * 4096 * 14336),
        (QWEN3_30B_A3B, 30_532_122_624 - 120 * 48 * 3 * 2048 * 768),
        (DEEPSEEK_V3, 671_026_404_352 - 248 * 58 * 3 * 7168 * 2048),
        (GPT_OSS_20B, 20_914_757_184 - 28 * 24 * (3 * 2880 * 2880 + 3 * 2880)),
    ],
    ids=["dense", "mixtral", "qwen3-moe", "deepseek", "gpt-oss"],
)
def test_active_parameters_leave_out_the_experts_a_token_is_not_routed_to(config: dict[str, Any], active: int) -> None:
    """By hand: the total less idle experts x sparse layers x three matrices."""
    found = characteristics_of_config(config)
    assert found.active_parameters == active
    assert found.architecture == ("dense" if active == found.parameters else "moe")


@pytest.mark.parametrize(
    ("config", "cached"),
    [
        (LLAMA_3_8B, 2 * 2 * 32 * 8 * 128),
        (PUBLISHED["Llama-2-7b"][0], 2 * 2 * 32 * 32 * 128),
        (DEEPSEEK_V3, 2 * 61 * (512 + 64)),
        (PUBLISHED["falcon-7b"][0], 2 * 2 * 32 * 64),
    ],
    ids=["grouped-query", "multi-head", "latent", "multi-query"],
)
def test_the_cache_holds_what_the_attention_keeps(config: dict[str, Any], cached: int) -> None:
    """Two bytes for each key and value of each group, or for one latent vector."""
    assert characteristics_of_config(config).kv_bytes_per_token == cached
    assert characteristics_of_config(config, kv_precision="fp8").kv_bytes_per_token == cached // 2


def test_a_window_bounds_what_attention_costs() -> None:
    """Beyond its window a layer looks back no further; in Gemma 2 only every other layer has one."""
    mistral, gemma = transformer_of_config(MISTRAL_7B), transformer_of_config(GEMMA_2_9B)
    assert mistral.macs_per_token(8192) == mistral.macs_per_token(4096)
    assert mistral.cached_elements(8192) == mistral.cached_elements(4096)
    step = gemma.macs_per_token(8192) - gemma.macs_per_token(4096)
    assert step == (gemma.macs_per_token(4096) - gemma.macs_per_token(0)) // 2


@pytest.mark.parametrize(
    ("stored", "least", "most"),
    [
        ({}, 16.0605e9, 16.0606e9),
        ({"torch_dtype": "float32"}, 32.121e9, 32.1211e9),
        ({"dtype": "float32", "torch_dtype": "bfloat16"}, 32.121e9, 32.1211e9),
        # Published sizes of the checkpoints: AWQ 5.73 GB, FP8 9.08 GB.
        ({"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}}, 5.7e9, 5.76e9),
        ({"quantization_config": {"quant_method": "fp8"}}, 9.07e9, 9.1e9),
    ],
    ids=["bf16", "fp32", "new key first", "awq", "fp8"],
)
def test_weights_are_sized_as_the_file_says(stored: dict[str, Any], least: float, most: float) -> None:
    """Quantisation packs the layers' matrices, and leaves embedding, head and norms alone."""
    assert least < characteristics_of_config({**LLAMA_3_8B, **stored}).size_bytes < most


def test_a_precision_given_wins_over_the_file() -> None:
    """One asks what a model would cost in another precision."""
    assert characteristics_of_config(LLAMA_3_8B, precision="fp32").size_bytes == 4 * 8_030_261_248
    assert characteristics_of_config(LLAMA_3_8B, precision="int8").bytes_per_parameter == pytest.approx(1.13, abs=0.01)


def test_mxfp4_leaves_attention_unpacked() -> None:
    """The published gpt-oss-20b checkpoint is 13.76 GB."""
    assert characteristics_of_config(GPT_OSS_20B).size_bytes == pytest.approx(13.76e9, rel=0.005)


def test_the_language_part_of_a_model_that_sees_is_counted_and_said(tmp_path: Path) -> None:
    """Its vision tower is not, and the notes tell so; a directory stands for the file in it."""
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "llava", "text_config": LLAMA_3_8B, "vision_config": {}})
    )
    found = characteristics_of_config(tmp_path)
    assert found.parameters == 8_030_261_248
    assert "language part only" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden_size": None}, "no key 'hidden_size'"),
        ({"num_hidden_layers": "32"}, "'num_hidden_layers' is '32': a whole number above 0"),
        ({"vocab_size": -1}, "'vocab_size' is -1"),
        ({"num_attention_heads": True}, "'num_attention_heads' is True"),
        ({"num_attention_heads": 33}, "'num_attention_heads' is 33: a divisor of the hidden size 4096"),
        ({"num_key_value_heads": 7}, "'num_key_value_heads' is 7: a divisor of the 32"),
        ({"tie_word_embeddings": "yes"}, "'tie_word_embeddings' is 'yes'"),
        ({"model_type": None}, "no key 'model_type'"),
        ({"model_type": "llaama"}, "unknown model_type 'llaama': did you mean llama?"),
        ({"model_type": "mamba9"}, "--parameters, --active-parameters and --precision by hand"),
        ({"torch_dtype": "bfloat61"}, "unknown precision 'bfloat61': did you mean bf16?"),
        ({"quantization_config": {"quant_method": "squeeze"}}, "unknown 'quant_method' 'squeeze'"),
        ({"quantization_config": "awq"}, "'quantization_config' is 'awq': an object"),
        (
            {"model_type": "mixtral", "num_local_experts": 2, "num_experts_per_tok": 3},
            "'num_experts_per_tok' is 3: at most the number of experts, 2",
        ),
    ],
)
def test_what_cannot_be_is_an_error_that_names_the_key(change: dict[str, Any], told: str) -> None:
    """One line, with the key and what belongs there."""
    with pytest.raises(JoulecastError) as refused:
        characteristics_of_config({**LLAMA_3_8B, **change})
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_layers_without_their_kind_are_refused() -> None:
    """A list of kinds must name each layer's."""
    config = {**GEMMA_2_9B, "layer_types": ["full_attention"]}
    with pytest.raises(JoulecastError, match="'layer_types' has 1 entries for 42 layers"):
        characteristics_of_config(config)


@pytest.mark.parametrize(
    ("content", "told"),
    [("{", "is no JSON"), ("[1]", "holds no JSON object"), (None, "cannot be read")],
    ids=["truncated", "a list", "no file"],
)
def test_a_file_that_is_no_config_is_told(tmp_path: Path, content: str | None, told: str) -> None:
    """The message names the file."""
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(JoulecastError, match=told) as refused:
        characteristics_of_config(path)
    assert str(path) in str(refused.value)
