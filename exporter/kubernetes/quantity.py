"""Quantities as Kubernetes writes them: 250m, 1.5, 128Mi, 1G, 1e3."""

import math
import re

# k8s.io/apimachinery/pkg/api/resource: decimal and binary suffixes, or an exponent. 1E is an exa, 1E3 a thousand.
_WRITTEN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?", re.ASCII)
_SUFFIXES = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


def amount(written: object) -> float | None:
    """The amount in its base unit, CPUs or bytes; None for what is no quantity, or a negative one.

    >>> amount("250m"), amount("128Mi"), amount("1e3"), amount("lots")
    (0.25, 134217728.0, 1000.0, None)
    """
    match = _WRITTEN.fullmatch(written) if isinstance(written, str) and len(written) < 64 else None
    if match is None:
        return None
    digits, suffix = match.groups()
    if suffix is None or suffix in _SUFFIXES:
        value = float(digits) * _SUFFIXES.get(suffix or "", 1.0)
    else:
        value = float(digits + suffix)
    return value if math.isfinite(value) and value >= 0 else None
