"""`joulecast predict generative`: what serving a language model takes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial
from pathlib import Path

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
    positive,
)
from predictor.commands.predict_show import Shown, show
from predictor.planning.generative import Served, answer_generative, question_of
from predictor.planning.ranges import Range

SUMMARY = "a language model: watts, joules per request and per token"

_EXAMPLES = """\
A rate with what is in flight (or the latency) is a runtime that is known: only its power is estimated. Without
either, nothing has run yet. A rate alone is planned for: how many requests are in flight when it is served, and
how many replicas that takes.

examples:
  joulecast predict generative --device "H100 SXM" --parameters 8e9 --rps 20 --output-tokens 300
  joulecast predict generative --device "H100 SXM" --devices 4 --model-config config.json --concurrency 64
  joulecast predict generative --device A100-SXM4-80GB --parameters 8e9 --rps 4.2 --output-tokens 300 --concurrency 32
  joulecast predict generative --device "H100 SXM" --parameters 8e9 --rps 1:40 --output-tokens 300 --plot rps.png"""

_MODEL = (
    Number("--parameters", "parameters", "N", "all its parameters: 8 billion is 8e9"),
    Number("--active-parameters", "parameters_active", "N", "those one token passes; fewer in a mixture of experts"),
    Name(
        "--precision", "precision", "NAME", "of the weights: bf16, fp8, int4, ... (default: the file's, else 16 bits)"
    ),
)
_SERVING = (
    Name("--stack", "serving_stack", "NAME", "what serves it, with its version, as 'vllm 0.11.1'"),
    Name("--task", "task", "NAME", "what it is used for: chat, code, ..."),
    Number("--rps", "request_rate", "N", "requests per second"),
    Number("--tokens-per-second", "output_tokens_per_second", "N", "generated tokens per second, of all requests"),
    Number("--input-tokens", "average_input_tokens", "N", "length of a prompt"),
    Number("--output-tokens", "average_output_tokens", "N", "length of an answer"),
    Number("--concurrency", "concurrency", "N", "requests in flight, on average"),
    Number("--batch-size", "batch_size", "N", "the most requests the server takes in flight"),
    Number("--latency-per-token", "latency_seconds_per_token", "S", "seconds between two tokens of a request"),
    Number("--cache-hit-rate", "cache_hit_rate", "0..1", "share of prompt tokens found in the prefix cache"),
)
_DEVICE = (DEVICE, DEVICES, *DEVICE_FIGURES)
_OPTIONS = (*_MODEL, *_SERVING, *_DEVICE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The model, how it is served, and on what."""
    parser.epilog = _EXAMPLES
    model = add_options(parser, "the model", _MODEL)
    model.add_argument("--model-config", type=Path, metavar="FILE", help="its config.json, instead of --parameters")
    add_options(parser, "how it is served (any number may be a range: 1:40, 1:40:5 or 1,8,64)", _SERVING)
    device = add_options(parser, "on what", _DEVICE, "figures describe a device that nobody knows, or win over its own")
    device.add_argument("--idle-watts", type=positive, metavar="W", help="of one device, for times without requests")
    add_source_and_output(parser)


def run(args: argparse.Namespace) -> int:
    """Answer, and show it."""
    numbers: Mapping[str, Range] = given_numbers(args, _OPTIONS)
    texts = given_names(args, _OPTIONS)
    served = None if args.model_config is None else _served(args.model_config, texts.get("precision"))
    if served is not None:
        numbers = {"parameters": (float(served.characteristics.parameters),), **numbers}
    ask = partial(answer_generative, served=served, idle_watts=args.idle_watts)
    return show(args, Shown(question_of(numbers), "request", ask, _OPTIONS), numbers, texts)


def _served(path: Path, precision: str | None) -> Served:
    from predictor.features_config import characteristics_of_config, transformer_of_config

    decoder = transformer_of_config(path)
    return Served(
        characteristics_of_config(path, precision=precision), lambda tokens: 2.0 * decoder.cached_elements(tokens)
    )
