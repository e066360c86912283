"""`joulecast predict node`: what a server takes when its processors are so busy."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import partial

from joulecast.errors import JoulecastError
from predictor.commands.predict_arguments import (
    Name,
    Number,
    add_options,
    add_source_and_output,
    given_names,
    given_numbers,
    positive,
)
from predictor.commands.predict_show import Shown, show
from predictor.estimate import Question
from predictor.planning.answer import Answer, Asked
from predictor.planning.processor import told_by_name
from predictor.planning.source import Source, packaged_name

SUMMARY = "a server: watts from how busy its processors are"

_EXAMPLES = """\
The whole server at its plug, without accelerators, unless --part says otherwise.

examples:
  joulecast predict node --cpu "Xeon Platinum 8380" --sockets 2 --memory-bytes 512e9 --utilization 0.4
  joulecast predict node --cpu "EPYC 7763" --sockets 2 --utilization 0:1:0.1 --plot curve.png
  joulecast predict node --part cpu --cpu "EPYC 7763" --sockets 2 --utilization 0.4
  joulecast predict node --part dram --memory-bytes 512e9 --utilization 0.4
  joulecast predict node --part gpu --gpu T4 --gpus 4 --gpu-utilization 0.7"""

_PARTS = {"wall": "", "cpu": "_cpu", "dram": "_dram", "gpu": "_gpu"}
_BUSY = (
    Number("--utilization", "cpu_utilization_ratio", "0..1", "of the processors, mean over all cores"),
    Number("--gpu-utilization", "gpu_utilization_ratio", "0..1", "of the GPUs, share of time with a kernel running"),
)
_MACHINE = (
    Name("--cpu", "device", "NAME", "its processor, as /proc/cpuinfo or its vendor calls it"),
    Number("--sockets", "device_count", "N", "processors (default: 1)"),
    Number("--cores", "cpu_cores", "N", "of one processor"),
    Number("--threads", "cpu_threads", "N", "of one processor"),
    Number("--memory-bytes", "host_memory_bytes", "BYTES", "memory of the server: 512 GB is 512e9"),
    Number("--tdp-watts", "device_tdp_watts", "W", "of one processor or GPU that nobody knows"),
    Number("--year", "cpu_year", "YEAR", "in which the processor came to market, where its name does not tell"),
)
_OPTIONS = (*_BUSY, *_MACHINE)
_USUAL = ("cpu_cores", "cpu_threads", "cpu_year", "host_memory_bytes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The machine, and how busy it is."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--part", choices=tuple(_PARTS), default="wall", help="whose power (default: wall)")
    add_options(parser, "how busy it is (any number may be a range: 0:1:0.1 or 0.1,0.5,0.9)", _BUSY)
    add_options(parser, "the machine", _MACHINE)
    gpus = parser.add_argument_group("with --part gpu")
    gpus.add_argument("--gpu", metavar="NAME", help="the GPU")
    gpus.add_argument("--gpus", type=positive, metavar="N", help="how many (default: 1)")
    add_source_and_output(parser)


def run(args: argparse.Namespace) -> int:
    """Answer, and show it."""
    numbers, texts = given_numbers(args, _OPTIONS), given_names(args, _OPTIONS)
    if args.part == "gpu":
        if args.gpu is not None:
            texts["device"] = args.gpu
        if args.gpus is not None:
            numbers["device_count"] = (args.gpus,)
    elif args.gpu is not None or args.gpus is not None:
        raise JoulecastError(f"--gpu and --gpus are no part of {args.part}", "ask for them with --part gpu")
    needed = "gpu_utilization_ratio" if args.part == "gpu" else "cpu_utilization_ratio"
    if needed not in numbers:
        flag = next(each.flag for each in _BUSY if each.feature == needed)
        raise JoulecastError("how busy it is, is not known", f"give {flag}, as 0.4")
    if not args.artifact and not args.address:
        args.artifact = packaged_name(Question.NODE_POWER) + _PARTS[args.part]
    elif not args.artifact:
        args.artifact = (packaged_name(Question.NODE_POWER) + _PARTS[args.part]).replace("_", "-")
    told, named = told_by_name(texts.get("device", "")) if args.part != "gpu" else ({}, {})
    ask = partial(_ask, told=told, named=named)
    return show(args, Shown(Question.NODE_POWER, "sample", ask, _OPTIONS), numbers, texts)


def _ask(
    source: Source,
    point: Mapping[str, float],
    texts: Mapping[str, str],
    told: Mapping[str, float],
    named: Mapping[str, str],
) -> Answer:
    asked = Asked(source, {**told, **point}, {**named, **texts}, frozenset({*told, *named}))
    answer = asked.answer()
    left_out = [name for name in _USUAL if name in asked.takes and name not in asked.numbers]
    usual = (f"not given, and taken as usual in training: {', '.join(left_out)}",) if left_out else ()
    return Answer(point, texts, answer.estimate, notes=(*answer.notes, *usual))
