"""A script that serves models simple enough to check by hand; it takes the flags of `joulecast predictor`."""

import os
import sys
from argparse import ArgumentParser


def main() -> int:
    """Serve what the files of --artifacts hold."""
    from doubles.share_model import load_share_model

    from predictor.service.config import add_arguments, load_config
    from predictor.service.running import serve

    parser = ArgumentParser()
    add_arguments(parser)
    return serve(load_config(parser.parse_args(), os.environ), (), load_share_model, lambda _, __: (), _print)


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's part


if __name__ == "__main__":
    sys.exit(main())
