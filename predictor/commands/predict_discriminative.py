"""`joulecast predict discriminative`: what a classifier takes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace

from joulecast.errors import JoulecastError
from predictor.characteristics import Characteristics
from predictor.commands.predict_arguments import (
    DEVICE,
    DEVICE_FIGURES,
    DEVICES,
    Name,
    Number,
    add_options,
    add_source_and_output,
    given_names,
    given_numbers,
)
from predictor.commands.predict_show import Shown, show
from predictor.estimate import Question
from predictor.planning.answer import Answer, Asked
from predictor.planning.energy_scope import usual_scope
from predictor.planning.memory import check_weights
from predictor.planning.ranges import Range
from predictor.planning.source import Source

SUMMARY = "a classifier: watts, joules per sample"

_EXAMPLES = """\
The more is known of a run (its rate, then its utilisation), the nearer the estimate.

examples:
  joulecast predict discriminative --device A100-SXM4-40GB --macs 4.1e9 --parameters 25.6e6 --batch 32
  joulecast predict discriminative --device T4 --macs 4.1e9 --parameters 25.6e6 --batch 1,8,64 --samples-per-second 900
  joulecast predict discriminative --device T4 --torch torchvision.models:resnet18 --input 3,224,224 --batch 32"""

_MODEL = (
    Number("--macs", "macs", "N", "multiply-accumulates of one sample: 4 billion is 4e9"),
    Number("--parameters", "parameters", "N", "all its parameters: 25 million is 25e6"),
    Name("--architecture", "architecture", "NAME", "cnn, transformer, ..."),
    Name("--precision", "precision", "NAME", "of the weights: fp32, fp16, int8, ..."),
    Number("--resolution", "resolution", "PIXELS", "edge of an image"),
)
_RUN = (
    Number("--batch", "batch_size", "N", "samples of one batch"),
    Number("--samples-per-second", "samples_per_second", "N", "the rate, where it is known"),
    Number("--gpu-utilization", "gpu_utilization_ratio", "0..1", "share of time with a kernel running, as NVML says"),
    Number(
        "--gpu-memory-utilization", "gpu_memory_utilization_ratio", "0..1", "share with the memory busy, not occupancy"
    ),
    Number("--cpu-utilization", "cpu_utilization_ratio", "0..1", "mean over all cores"),
    Name("--stack", "serving_stack", "NAME", "what runs it: pytorch, tensorflow, onnx, tflite, ..."),
)
_DEVICE = (
    DEVICE,
    DEVICES,
    Name("--unit", "unit", "NAME", "part of a board that computes: cpu, gpu, accelerator"),
    Name(
        "--scope", "energy_scope", "NAME", "whose energy: gpu, gpu+cpu+dram, wall (default: wall of a board, else gpu)"
    ),
    *DEVICE_FIGURES,
)
_OPTIONS = (*_MODEL, *_RUN, *_DEVICE)
_SCOPE = "energy_scope"
_SIZES = ("model_size_bytes", "bytes_per_parameter")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, how it runs, and on what."""
    parser.epilog = _EXAMPLES
    model = add_options(parser, "the model", _MODEL)
    model.add_argument(
        "--torch", metavar="MODULE:FACTORY", help="count a PyTorch module: what FACTORY() of a Python module returns"
    )
    model.add_argument("--input", metavar="SIZES", help="of one sample of its input, as 3,224,224")
    add_options(parser, "how it runs (any number may be a range: 1:64, 8:64:8 or 1,8,64)", _RUN)
    add_options(parser, "on what", _DEVICE, "figures describe a device that nobody knows, or win over its own")
    add_source_and_output(parser)


def run(args: argparse.Namespace) -> int:
    """Answer, and show it."""
    numbers = given_numbers(args, _OPTIONS)
    counted = _counted(args)
    if counted is not None:
        numbers = {**_features(counted), **numbers}
    notes = () if counted is None else counted.notes

    def ask(source: Source, point: Mapping[str, float], texts: Mapping[str, str]) -> Answer:
        check_weights(point, texts)
        scope = texts.get(_SCOPE) or usual_scope(source.description, texts.get("device", ""))
        asked = Asked(source, point, {_SCOPE: scope, **texts}, frozenset({*_SIZES, _SCOPE}))
        answer = asked.answer()
        estimate = replace(answer.estimate, scope=scope) if _SCOPE in asked.takes else answer.estimate
        return Answer(point, texts, estimate, notes=(*answer.notes, *notes))

    return show(args, Shown(Question.DISCRIMINATIVE, "sample", ask, _OPTIONS), numbers, given_names(args, _OPTIONS))


def _features(counted: Characteristics) -> dict[str, Range]:
    """The characteristics under the models' names; what is unknown is left out."""
    found = {
        "parameters": counted.parameters,
        "model_size_bytes": counted.size_bytes,
        "bytes_per_parameter": counted.bytes_per_parameter,
        "macs": counted.macs,
    }
    return {name: (float(value),) for name, value in found.items() if value is not None}


def _counted(args: argparse.Namespace) -> Characteristics | None:
    if args.torch is None:
        if args.input is not None:
            raise JoulecastError("--input is of a PyTorch module", "give --torch MODULE:FACTORY with it")
        return None
    from predictor.planning.torch_module import count_module

    return count_module(args.torch, args.input)
