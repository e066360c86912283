"""The architectures a config.json may describe: how each counts its weights. Knows nothing of energy.

To add one built like Llama, give `styles.py` a line; any other needs a function in `classic.py` and its name here.
"""

from collections.abc import Callable, Mapping

from predictor.architectures.classic import bloom, falcon, gpt2, gpt_neox, gptj, opt, phi
from predictor.architectures.latent import deepseek
from predictor.architectures.llama import like_llama
from predictor.architectures.styles import STYLES
from predictor.architectures.transformer import Transformer
from predictor.settings import Settings

__all__ = ["ARCHITECTURES", "Transformer"]

ARCHITECTURES: Mapping[str, Callable[[Settings], Transformer]] = {
    **{model_type: like_llama(style) for model_type, style in STYLES.items()},
    "bloom": bloom,
    "deepseek_v2": deepseek,
    "deepseek_v3": deepseek,
    "falcon": falcon,
    "gpt2": gpt2,
    "gpt_neox": gpt_neox,
    "gptj": gptj,
    "opt": opt,
    "phi": phi,
}
"""By the `model_type` of config.json."""
