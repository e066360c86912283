"""Images and videos: with a known rate only mean power is learnt; before a run, energy too."""

from predictor.estimate import Input, Question
from predictor.record import Record
from predictor.training.recipe import FormRecipe, Recipe, VariantRecipe, log
from predictor.training.recipes.serving import DEVICE_INPUTS

INPUTS = (
    Input("parameters", "1", "all parameters of the model", required=True, least=1e6),
    Input("parameters_active", "1", "those of the denoising network, where it is a part", least=1e6),
    Input("denoising_steps", "1", "passes through the denoising network for one sample", required=True),
    Input("height", "pixels", "of an image or frame", required=True),
    Input("width", "pixels", "of an image or frame", required=True),
    Input("frames", "1", "of a video; 1 is an image"),
    Input("batch_size", "samples", "made at once", required=True),
    Input("samples_per_second", "1/s", "images or videos completed, by all devices together"),
    *DEVICE_INPUTS,
)

KNOWN_RUNTIME = (
    log("device count", "device_count"),
    log("denoiser parameters", "parameters_active"),
    log("tokens per step and device", "step_tokens_each"),
    log("denoising steps", "denoising_steps"),
    log("step time", "denoising_step_seconds"),
    log("step time per token", "step_seconds_per_token"),
    log("compute utilization", "denoising_compute_ratio"),
)

A_PRIORI = (
    log("device count", "device_count"),
    log("denoiser parameters", "parameters_active"),
    log("pixels of a frame", "frame_pixels"),
    log("frames", "frames"),
    log("batch size", "batch_size"),
)

_BOUND = 1.3


def takes(record: Record) -> bool:
    """GPU energy of generated images and videos."""
    return record.kind == "diffusion" and record.energy_scope == "gpu"


RECIPE = Recipe(
    name="diffusion",
    question=Question.DIFFUSION,
    scope="gpu",
    inputs=INPUTS,
    variants=(
        VariantRecipe("rate known", (FormRecipe("power_watts", "rated_watts", KNOWN_RUNTIME, bound=_BOUND, most=0.0),)),
        VariantRecipe(
            "nothing has run",
            (
                FormRecipe("joules_per_sample", "denoising_joules_per_sample", A_PRIORI, bound=_BOUND),
                FormRecipe("power_watts", "rated_watts", A_PRIORI, bound=_BOUND, most=0.0),
            ),
        ),
    ),
    takes=takes,
    scored="joules_per_sample",
)
