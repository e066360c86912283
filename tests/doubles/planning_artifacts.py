"""Artifacts whose answers can be worked out by hand, for each question of the command line."""

import math
from pathlib import Path

from predictor.artifact import Artifact, Variant, write_artifact
from predictor.estimate import Evaluation, Input, Question
from predictor.form import Band, Feature, Form, Term, Transform

H100 = "NVIDIA H100 SXM 80GB"
_BAND, _OUTER = Band(math.log(0.8), math.log(1.25)), Band(math.log(0.5), math.log(2.0))
_EVALUATIONS = (
    Evaluation("random", 100, 0.05, 0.04),
    Evaluation("leave-model-out", 90, 0.12, 0.08, band_coverage=0.8),
)
_DEVICE = Input("device", meaning="the device's name", is_text=True, values=(H100,))
_COUNT = Input("device_count", meaning="devices", least=1, least_is_allowed=True, lowest=1, highest=8)
_TDP = Input("device_tdp_watts", "W", "power limit of one device")
_PARAMETERS = Input("parameters", meaning="all parameters", least=1e3, required=True, lowest=1e9, highest=70e9)
_ACTIVE = Input("parameters_active", meaning="those a token passes", least=1e3)
_SIZE = Input("model_size_bytes", "bytes", "weights in memory", least=1e3)
_IN_FLIGHT = Input("concurrency", meaning="requests in flight", lowest=1, highest=512)
_TOKENS = Input("average_output_tokens", meaning="length of an answer")


def a_priori() -> Artifact:
    """With c requests in flight, one H100 gives 8e9 parameters 87.5 c ** 0.7 tokens per second.

    Watts are a fifth of the rated ones times c ** 0.2; a token takes 0.2 J per billion active parameters / c ** 0.5.
    """
    flying = _log("concurrency", "concurrency", 1.0, 512.0)
    return _artifact(
        "generative-a-priori",
        Question.GENERATIVE_A_PRIORI,
        (_form("power_watts", "rated_watts", flying, 0.2, 0.2),
         _form("joules_per_output_token", "parameters_active", flying, 0.2e-9, -0.5)),
        (_PARAMETERS, _ACTIVE, _SIZE, _DEVICE, _COUNT, _TDP, _IN_FLIGHT, _TOKENS,
         Input("task", meaning="what it is used for", is_text=True, values=("chat",))),
    )  # fmt: skip


def known_runtime() -> Artifact:
    """Half the rated watts at one request per second, growing with the root of the rate."""
    rate = _log("request_rate", "request_rate", 0.1, 40.0)
    return _artifact(
        "generative-known-runtime",
        Question.GENERATIVE_KNOWN_RUNTIME,
        (_form("power_watts", "rated_watts", rate, 0.5, 0.5),),
        (_PARAMETERS, _ACTIVE, _SIZE, _DEVICE, _COUNT, _TDP, _IN_FLIGHT, _TOKENS,
         Input("serving_stack", meaning="what serves it", is_text=True, values=("vllm-0.11.1", "vllm-0.5.4")),
         Input("request_rate", "1/s", "requests per second", required=True, lowest=0.1, highest=40)),
    )  # fmt: skip


def discriminative() -> Artifact:
    """A tenth of the rated watts at one sample per second, growing with the root of the rate; wall power."""
    rate = _log("rate", "samples_per_second", 0.1, 1000.0)
    return _artifact(
        "discriminative",
        Question.DISCRIMINATIVE,
        (_form("power_watts", "rated_watts", rate, 0.1, 0.5),),
        (_DEVICE, _COUNT, _TDP,
         Input("parameters", meaning="all parameters", least=1e3, lowest=1e5, highest=1e9),
         Input("macs", meaning="of a sample", least=1e3), Input("batch_size", meaning="samples of a batch"),
         Input("samples_per_second", "1/s", "rate", required=True, lowest=0.1, highest=1000.0)),
        scope="wall",
    )  # fmt: skip


def diffusion() -> Artifact:
    """A sample takes a joule per rated watt, times the steps."""
    steps = _log("steps", "denoising_steps", 1.0, 100.0)
    return _artifact(
        "diffusion",
        Question.DIFFUSION,
        (_form("joules_per_sample", "rated_watts", steps, 1.0, 1.0),),
        (_DEVICE, _COUNT, _TDP, Input("denoising_steps", meaning="steps", required=True, lowest=1, highest=100)),
    )


def node_power() -> Artifact:
    """The rated watts, times the utilisation."""
    busy = _log("utilisation", "cpu_utilization_ratio", 0.01, 1.0)
    return _artifact(
        "node-power",
        Question.NODE_POWER,
        (_form("power_watts", "rated_watts", busy, 1.0, 1.0),),
        (Input("device", meaning="the CPU", is_text=True), _COUNT, _TDP,
         Input("cpu_utilization_ratio", "ratio", "of all cores", required=True, most=1.0),
         Input("cpu_cores", meaning="of a socket"), Input("cpu_year", "year", "it came to market")),
        scope="wall",
    )  # fmt: skip


def write_all(directory: Path) -> None:
    """Put them where packaged artifacts lie."""
    for artifact in (a_priori(), known_runtime(), discriminative(), diffusion(), node_power()):
        write_artifact(artifact, directory / f"{artifact.name}.json")


def _log(name: str, quantity: str, lowest: float, highest: float) -> Feature:
    return Feature(name, quantity, Transform.LOG, mean=0.0, scale=1.0, lowest=lowest, highest=highest)


def _form(target: str, reference: str, feature: Feature, share: float, power: float) -> Form:
    """`reference` x share x feature ** power."""
    return Form(
        target,
        reference,
        (feature,),
        math.log(share),
        (Term(power, (0,)),),
        -50.0,
        50.0,
        _BAND,
        _OUTER,
        math.log(700.0),
    )


def _artifact(
    name: str, question: Question, forms: tuple[Form, ...], inputs: tuple[Input, ...], scope: str = "gpu"
) -> Artifact:
    return Artifact(
        name, "1", question, scope, inputs, (Variant("all", forms),), _EVALUATIONS, {"data": ["worked out by hand"]}
    )
