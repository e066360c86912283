"""An artifact whose answers can be worked out by hand: so many watts per rated watt, and nothing learnt."""

import math
from pathlib import Path

from predictor.artifact import Artifact, Variant, write_artifact
from predictor.estimate import Input, Question
from predictor.form import Band, Feature, Form, Term, Transform


def small_artifact(name: str = "small", version: str = "1", share: float = 0.5) -> Artifact:
    """Power is `share` of the rated watts at one request per second, and grows with the root of the rate."""
    rate = Feature("log_rate", "request_rate", Transform.LOG, mean=0.0, scale=1.0, lowest=0.1, highest=40.0)
    form = Form(
        "power_watts",
        "rated_watts",
        (rate,),
        intercept=math.log(share),
        terms=(Term(0.5, (0,)),),
        lowest=-10.0,
        highest=10.0,
        band=Band(-0.1, 0.2),
        outer_band=Band(-0.5, 0.5),
    )
    return Artifact(
        name,
        version,
        Question.GENERATIVE_KNOWN_RUNTIME,
        "gpu",
        (
            Input("request_rate", "1/s", "requests completed per second", required=True, lowest=0.1, highest=40.0),
            Input("device_count", "1", "GPUs"),
            Input("device_tdp_watts", "W", "of one GPU, instead of the catalogue's"),
            Input("device", meaning="the GPU's name", required=True, is_text=True, values=("H100 SXM",)),
        ),
        (Variant("all", (form,)),),
        provenance={"data": ["worked out by hand"]},
    )


def write_small_artifact(path: Path, name: str = "small", version: str = "1", share: float = 0.5) -> None:
    """Put it in place."""
    write_artifact(small_artifact(name, version, share), path)
