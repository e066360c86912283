"""Arguments of the commands that do their work in parallel."""

import argparse


def jobs(text: str) -> int:
    """How many at a time; below zero counts from all cores, as joblib does."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not number:
        raise argparse.ArgumentTypeError(f"{text!r} folds at a time cannot be: write 1 or more, or -1 for every core")
    return number
