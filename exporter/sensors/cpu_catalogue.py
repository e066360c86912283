"""Thermal design power of common CPUs, from their vendors' specification pages, found by model name.

For parts with several power levels this is the base one (Intel's "processor base power", AMD's default TDP).
"""

import re
from functools import cache
from typing import NamedTuple


class Part(NamedTuple):
    """One CPU model: TDP of a socket, and its hardware threads."""

    tdp_watts: float
    threads: int


# Model name as in /proc/cpuinfo without trademarks, clock and core count: watts, threads.
_PARTS = """
xeon e5-2620 v4      85  16 | xeon e5-2630 v4      85  20 | xeon e5-2640 v4      90  20 | xeon e5-2650 v4     105  24
xeon e5-2670 v3     120  24 | xeon e5-2680 v3     120  24 | xeon e5-2680 v4     120  28 | xeon e5-2690 v4     135  28
xeon e5-2697 v4     145  36 | xeon e5-2698 v4     135  40 | xeon e5-2699 v4     145  44 | xeon w-2155         140  20
xeon silver 4110     85  16 | xeon silver 4114     85  20 | xeon silver 4210     85  20 | xeon silver 4214     85  24
xeon silver 4216    100  32 | xeon silver 4310    120  24 | xeon silver 4314    135  32 | xeon silver 4316    150  40
xeon gold 5118      105  24 | xeon gold 5218      125  32 | xeon gold 5320      185  52 | xeon gold 6130      125  32
xeon gold 6140      140  36 | xeon gold 6148      150  40 | xeon gold 6226r     150  32 | xeon gold 6230      125  40
xeon gold 6240      150  36 | xeon gold 6248      150  40 | xeon gold 6248r     205  48 | xeon gold 6258r     205  56
xeon gold 6326      185  32 | xeon gold 6330      205  56 | xeon gold 6338      205  64 | xeon gold 6342      230  48
xeon gold 6348      235  56 | xeon gold 6354      205  36 | xeon gold 6430      270  64 | xeon gold 6442y     225  48
xeon gold 6448y     225  64 | xeon gold 6530      270  64 | xeon gold 6548y+    250  64 | xeon platinum 8160  150  48
xeon platinum 8168  205  48 | xeon platinum 8180  205  56 | xeon platinum 8260  165  48 | xeon platinum 8268  205  48
xeon platinum 8280  205  56 | xeon platinum 8352y 205  64 | xeon platinum 8358  250  64 | xeon platinum 8360y 250  72
xeon platinum 8368  270  76 | xeon platinum 8380  270  80 | xeon platinum 8462y+ 300 64 | xeon platinum 8468  350  96
xeon platinum 8470  350 104 | xeon platinum 8480+ 350 112 | xeon platinum 8490h 350 120 | xeon platinum 8558  330  96
xeon platinum 8568y+ 350 96 | xeon platinum 8570  350 112 | xeon platinum 8580  350 120 | xeon platinum 8592+ 350 128
xeon 6960p          500 144 | xeon 6972p          500 192 | xeon 6980p          500 256 | xeon w9-3495x       350 112
core i7-6700k        91   8 | core i7-7700k        91   8 | core i7-8700         65  12 | core i7-8700k        95  12
core i9-9900k        95  16 | core i7-10700k      125  16 | core i9-10900k      125  20 | core i9-10980xe     165  36
core i7-12700k      125  20 | core i9-12900k      125  24 | core i5-13600k      125  20 | core i7-13700k      125  24
core i9-13900k      125  32 | core i7-14700k      125  28 | core i9-14900k      125  32 | core ultra 9 285k   125  24
epyc 7251           120  16 | epyc 7282           120  32 | epyc 7302           155  32 | epyc 7352           155  48
epyc 7402           180  48 | epyc 7452           155  64 | epyc 7502           180  64 | epyc 7542           225  64
epyc 7551           180  64 | epyc 7601           180  64 | epyc 7642           225  96 | epyc 7702           200 128
epyc 7742           225 128 | epyc 7h12           280 128 | epyc 7313           155  32 | epyc 7343           190  32
epyc 7413           180  48 | epyc 7443           200  48 | epyc 74f3           240  48 | epyc 7453           225  56
epyc 7513           200  64 | epyc 7543           225  64 | epyc 75f3           280  64 | epyc 7643           225  96
epyc 7663           240 112 | epyc 7713           225 128 | epyc 7763           280 128 | epyc 9124           200  32
epyc 9254           200  48 | epyc 9334           210  64 | epyc 9354           280  64 | epyc 9374f          320  64
epyc 9454           290  96 | epyc 9474f          360  96 | epyc 9534           280 128 | epyc 9554           360 128
epyc 9634           290 168 | epyc 9654           360 192 | epyc 9754           360 256 | epyc 9555           360 128
epyc 9575f          400 128 | epyc 9655           400 192 | epyc 9755           500 256 | epyc 9965           500 384
ryzen 5 3600         65  12 | ryzen 7 3700x        65  16 | ryzen 9 3900x       105  24 | ryzen 9 3950x       105  32
ryzen 5 5600x        65  12 | ryzen 7 5800x       105  16 | ryzen 9 5900x       105  24 | ryzen 9 5950x       105  32
ryzen 5 7600x       105  12 | ryzen 7 7700x       105  16 | ryzen 9 7900x       170  24 | ryzen 9 7950x       170  32
ryzen 7 9700x        65  16 | ryzen 9 9900x       120  24 | ryzen 9 9950x       170  32
ryzen threadripper 3970x     280  64 | ryzen threadripper 3990x     280 128 | ryzen threadripper pro 5995wx 280 128
ryzen threadripper pro 3995wx 280 128 | ryzen threadripper pro 7995wx 350 192 | ryzen threadripper 7980x    350 128
"""

# What stands for parts that are not named: hypervisors say "AMD EPYC" and no more. First match wins.
_FAMILIES = (
    ("epyc", Part(280.0, 128), "as EPYC 7763: 280 W, 128 threads"),
    ("xeon", Part(270.0, 80), "as Xeon Platinum 8380: 270 W, 80 threads"),
    ("neoverse", Part(250.0, 128), "as Ampere Altra Max M128-30: 250 W, 128 threads"),
    ("ampere", Part(250.0, 128), "as Ampere Altra Max M128-30: 250 W, 128 threads"),
    ("cortex", Part(6.0, 4), "as the four cores of a Raspberry Pi 4 under load: 6 W"),
    ("threadripper", Part(280.0, 128), "as Threadripper 3990X: 280 W, 128 threads"),
    ("ryzen", Part(105.0, 32), "as Ryzen 9 5950X: 105 W, 32 threads"),
    ("core", Part(125.0, 24), "as Core i7-13700K: 125 W, 24 threads"),
)
_ANY_CPU = (Part(270.0, 80), "as Xeon Platinum 8380: 270 W, 80 threads")


def part_of(model: str) -> Part | None:
    """The part that this model name names, or None.

    >>> part_of("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz")
    Part(tdp_watts=120.0, threads=28)
    >>> part_of("AMD EPYC 7702P 64-Core Processor")
    Part(tdp_watts=200.0, threads=128)
    >>> part_of("AMD EPYC") is None
    True
    """
    words = _words(model)
    for first in range(len(words)):
        for last in range(len(words), first, -1):
            part = _parts().get(" ".join(words[first:last]))
            if part is not None:
                return part
    return None


def stand_in(model: str) -> tuple[Part, str]:
    """The widely used part that stands for one we do not know, by its family, and what it is."""
    lowered = model.lower()
    for family, part, stands_for in _FAMILIES:
        if family in lowered:
            return part, stands_for
    return _ANY_CPU


def watts_per_thread(model: str) -> tuple[float, str]:
    """Watts for one hardware thread of a part we do not know, by its family, and what that figure was taken from."""
    part, stands_for = stand_in(model)
    return part.tdp_watts / part.threads, stands_for


@cache
def _parts() -> dict[str, Part]:
    parts = {}
    for entry in _PARTS.replace("\n", "|").split("|"):
        *name, watts, threads = entry.split() or ("", "0", "0")
        parts[" ".join(name)] = Part(float(watts), int(threads))
    del parts[""]  # the blank ends of the table
    return parts


def _words(model: str) -> list[str]:
    """The model name without what varies between two names of one part: trademarks, "CPU", the clock."""
    words = re.sub(r"\((?:r|tm)\)|\bcpu\b|@.*", " ", model.lower()).split()
    # "P" marks an EPYC for single-socket boards, otherwise the same part.
    return [re.sub(r"^(\d\w{2}\d)p$", r"\1", word) if "epyc" in words else word for word in words]
