"""Ids that a workload gives its intervals, so that a call sent twice is one interval."""

import os
import random

# Seeded by the system once: ids must not collide, but they are no secrets, and a system call for each is slow.
_chance = random.Random()  # noqa: S311


def new_request_id() -> str:
    """128 random bits in hexadecimal."""
    return _chance.getrandbits(128).to_bytes(16).hex()


# A child process would otherwise go on with its parent's numbers.
os.register_at_fork(after_in_child=_chance.seed)
