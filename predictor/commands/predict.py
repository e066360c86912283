"""`joulecast predict`: joules, watts and kilowatt-hours before anybody measures them."""

from __future__ import annotations

import argparse

from predictor.commands import (
    predict_calibrate,
    predict_diffusion,
    predict_discriminative,
    predict_generative,
    predict_node,
)

_EXAMPLES = """\
Everything printed is an estimate, with the band that holds 80 % of truths, whether the question lies within what the
model was trained on, and how far off the model was on models it had not seen.

examples:
  joulecast predict generative --device "H100 SXM" --parameters 8e9 --rps 20 --output-tokens 300
  joulecast predict discriminative --device T4 --macs 4.1e9 --parameters 25.6e6 --batch 32
  joulecast predict diffusion --device "H100 SXM" --parameters 12e9 --denoising-steps 28 --height 1024 --width 1024

`joulecast predict QUESTION --help` tells the rest."""

_QUESTIONS = {
    "generative": predict_generative,
    "discriminative": predict_discriminative,
    "diffusion": predict_diffusion,
    "node": predict_node,
    "calibrate": predict_calibrate,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One question each."""
    parser.epilog = _EXAMPLES
    questions = parser.add_subparsers(dest="question", required=True, metavar="|".join(_QUESTIONS))
    for name, module in _QUESTIONS.items():
        one = questions.add_parser(
            name,
            help=module.SUMMARY,
            description=f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            usage=f"joulecast predict {name} [OPTIONS]",
            allow_abbrev=False,
        )
        module.add_arguments(one)
        one.set_defaults(act=module.run)


def run(args: argparse.Namespace) -> int:
    """Answer the one that was asked."""
    status: int = args.act(args)
    return status
