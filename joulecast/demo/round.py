"""One round of the demonstration: what the played node does when. Its capture is made by this, and its work tagged.

A node of eight GPUs serves a language model on four of them, scores images on one and trains on two; the last is held
by a notebook in which nothing runs. Every round begins and ends with a machine that stands idle.
"""

import math

IDLE_SECONDS = 10.0
CYCLE_SECONDS = 20.0
CYCLES = 8
TAIL_SECONDS = 2.0
ROUND_SECONDS = IDLE_SECONDS + CYCLES * CYCLE_SECONDS + TAIL_SECONDS

LOADING_SECONDS = 10.0  # of each cycle of the training; the rest are its steps
VALIDATION_SECONDS = 2.0  # of those, the last
SCORING_EVERY_SECONDS = 10.0
SCORING_SECONDS = 3.0

CHAT_GPUS = (0, 1, 2, 3)
SCORING_GPUS = (4,)
TRAINING_GPUS = (5, 6)
HELD_GPUS = (7,)


def is_busy(seconds: float) -> bool:
    """Whether the node works at that second of a round."""
    return IDLE_SECONDS <= seconds < ROUND_SECONDS - TAIL_SECONDS


def in_cycle(seconds: float) -> float:
    """Seconds since the training's cycle began; only while the node works."""
    return math.fmod(seconds - IDLE_SECONDS, CYCLE_SECONDS)


def is_loading(seconds: float) -> bool:
    """Whether the training prepares its next samples, on the CPUs."""
    return is_busy(seconds) and in_cycle(seconds) < LOADING_SECONDS


def is_scoring(seconds: float) -> bool:
    """Whether a batch of images is being scored."""
    return is_busy(seconds) and math.fmod(seconds - IDLE_SECONDS, SCORING_EVERY_SECONDS) < SCORING_SECONDS
