"""`joulecast predict diffusion`: what generating images and videos takes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

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
from predictor.planning.memory import check_weights
from predictor.planning.source import Source

SUMMARY = "an image or video generator: watts, joules per image or video"

_EXAMPLES = """\
examples:
  joulecast predict diffusion --device "H100 SXM" --parameters 12e9 --denoising-steps 28 --height 1024 --width 1024
  joulecast predict diffusion --device "H100 SXM" --parameters 2.6e9 --denoising-steps 10:50:5 --height 1024 \\
      --width 1024 --batch 1,4,16 --plot steps.png
  joulecast predict diffusion --device A100-SXM4-40GB --parameters 1.4e9 --denoising-steps 25 --height 576 \\
      --width 1024 --frames 25"""

_MODEL = (
    Number("--parameters", "parameters", "N", "all its parameters: 12 billion is 12e9"),
    Number("--active-parameters", "parameters_active", "N", "those of the denoising network"),
    Name("--precision", "precision", "NAME", "of the weights: bf16, fp8, ..."),
    Name("--architecture", "architecture", "NAME", "unet, dit, ..."),
)
_WORK = (
    Number("--denoising-steps", "denoising_steps", "N", "steps of one sample"),
    Number("--height", "height", "PIXELS", "of an image or frame"),
    Number("--width", "width", "PIXELS", "of an image or frame"),
    Number("--frames", "frames", "N", "of a video; 1 is an image (default: 1)"),
    Number("--batch", "batch_size", "N", "samples made at once (default: 1)"),
    Number("--samples-per-second", "samples_per_second", "N", "images or videos per second, where the rate is known"),
    Name("--stack", "serving_stack", "NAME", "what runs it: diffusers, xdit, ..."),
    Name("--task", "task", "NAME", "text-to-image, text-to-video, ..."),
)
_DEVICE = (DEVICE, DEVICES, *DEVICE_FIGURES)
_OPTIONS = (*_MODEL, *_WORK, *_DEVICE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, what it generates, and on what."""
    parser.epilog = _EXAMPLES
    add_options(parser, "the model", _MODEL)
    add_options(parser, "what it generates (any number may be a range: 10:50, 10:50:5 or 1,4,16)", _WORK)
    add_options(parser, "on what", _DEVICE, "figures describe a device that nobody knows, or win over its own")
    add_source_and_output(parser)


def run(args: argparse.Namespace) -> int:
    """Answer, and show it."""
    numbers = {"frames": (1.0,), "batch_size": (1.0,), **given_numbers(args, _OPTIONS)}
    sample = "image" if numbers["frames"] == (1.0,) else "video"
    return show(args, Shown(Question.DIFFUSION, sample, _ask, _OPTIONS), numbers, given_names(args, _OPTIONS))


def _ask(source: Source, point: Mapping[str, float], texts: Mapping[str, str]) -> Answer:
    check_weights(point, texts)
    return Asked(source, point, texts, frozenset({"frames", "batch_size"})).answer()
