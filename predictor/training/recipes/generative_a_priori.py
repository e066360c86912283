"""Nothing has run yet: a roofline says what a token should take, a Lasso how far from that serving stacks are."""

from predictor.estimate import Input, Question
from predictor.training.recipe import FormRecipe, Recipe, VariantRecipe, is_one_of, log
from predictor.training.recipes.generative_known_runtime import takes
from predictor.training.recipes.serving import ARCHITECTURES, DEVICE_INPUTS, MODEL_INPUTS, STACKS, STANDS_FOR, TASKS

INPUTS = (
    *MODEL_INPUTS,
    *DEVICE_INPUTS,
    Input("concurrency", "requests", "mean requests in flight"),
    Input("batch_size", "requests", "most requests the server takes in flight"),
    Input("average_output_tokens", "tokens", "generated tokens of one request"),
)

FEATURES = (
    log("concurrency", "concurrency"),
    log("device count", "device_count"),
    log("active parameters", "parameters_active"),
    log("parameters", "parameters"),
    log("model size", "model_size_bytes"),
    log("model_size_to_ram", "model_size_to_ram", optional=True),
    log("average_output_tokens", "average_output_tokens", optional=True),
    log("weight read time", "weight_read_seconds"),
    log("compute time", "step_compute_seconds"),
    log("roofline step time", "roofline_step_seconds"),
    log("compute per weight read", "compute_per_weight_read"),
    log("tokens per free byte", "tokens_per_free_byte", optional=True),
    *is_one_of("architecture", ARCHITECTURES),
    *is_one_of("task", TASKS),
    *is_one_of("serving_stack", STACKS),
)

_BOUND = 1.4

RECIPE = Recipe(
    name="generative-a-priori",
    question=Question.GENERATIVE_A_PRIORI,
    scope="gpu",
    inputs=INPUTS,
    variants=(
        VariantRecipe(
            "nothing has run",
            (
                FormRecipe("joules_per_output_token", "roofline_joules_per_output_token", FEATURES, bound=_BOUND),
                FormRecipe("power_watts", "rated_watts", FEATURES, bound=_BOUND, most=0.0),
            ),
        ),
    ),
    takes=takes,
    stands_for=STANDS_FOR,
    scored="joules_per_output_token",
)
