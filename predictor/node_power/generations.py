"""When a server CPU came to market, by its name or by what CPUID calls it: a generation tells much of its idle power.

Years are those of the vendors' launches. Hypervisors hide names ("AMD EPYC") but seldom family and model of CPUID.
"""

import re

# Family and number, first match wins.
_BY_NAME = tuple(
    (re.compile(pattern), year)
    for pattern, year in (
        (r"epyc 4\d\d4", 2024),
        (r"epyc 4\d\d5", 2025),
        (r"epyc 9[v\d]\w5", 2024),
        (r"epyc 9\w\w4", 2022),
        (r"epyc 8\d\d4", 2023),
        (r"epyc 7\w\w3", 2021),
        (r"epyc 7\w\w2|epyc 7h12", 2019),
        (r"epyc 7\w\w1", 2017),
        (r"opteron(?: processor)? 6[23]\d\d|opteron(?: processor)? [34]3\d\d", 2012),
        (r"opteron(?: processor)? 4[12]\d\d|opteron(?: processor)? 61\d\d", 2010),
        (r"opteron(?: processor)? [28]4\d\d", 2009),
        (r"opteron(?: processor)? [28]3\d\d", 2008),
        (r"opteron(?: processor)? [28]2\d\d", 2006),
        (r"xeon 6[3-9]\d\d[pe]", 2024),
        (r"xeon (?:platinum|gold|silver|bronze)? ?[3-9]5\d\d|xeon max 9[45]", 2023),
        (r"xeon (?:platinum|gold|silver|bronze)? ?[3-9]4\d\d[^0-9]?", 2023),
        (r"xeon (?:platinum|gold|silver|bronze) [3-9]3\d\d", 2021),
        (r"xeon (?:platinum|gold|silver|bronze) [3-9]2\d\d", 2019),
        (r"xeon (?:platinum|gold|silver|bronze) [3-9]1\d\d", 2017),
        (r"xeon d-2[78]\d\d|xeon d-1[78]\d\d", 2022),
        (r"xeon d-21\d\d", 2018),
        (r"xeon d-15\d\d", 2015),
        (r"xeon w-2[12]\d\d", 2017),
        (r"xeon w[3579]-", 2023),
        (r"xeon e-24\d\d", 2023),
        (r"xeon e-23\d\d", 2021),
        (r"xeon e-22\d\d", 2019),
        (r"xeon e-21\d\d", 2018),
        (r"xeon e3-\d+\w* ?v6", 2017),
        (r"xeon e[357]-\d+\w* ?v5", 2015),
        (r"xeon e[57]-\d+\w* ?v4", 2016),
        (r"xeon e[357]-\d+\w* ?v3", 2014),
        (r"xeon e[357]-\d+\w* ?v2", 2013),
        (r"xeon e7-", 2011),
        (r"xeon e[35]-", 2012),
        (r"xeon [xelw]?(?:56|36)\d\d|xeon [xel](?:75|65)\d\d", 2010),
        (r"xeon [xelw]?55\d\d|xeon [xl]34\d\d", 2009),
        (r"xeon [xel]?(?:54|52|33|31|74)\d\d", 2008),
        (r"xeon [xel]?(?:53|51|32|30|73)\d\d|xeon 50\d\d", 2007),
        (r"altra max", 2021),
        (r"altra", 2020),
        (r"ampereone|ampere-1", 2023),
        (r"neoverse-n1", 2020),
        (r"neoverse-v1", 2022),
        (r"neoverse-n2|neoverse-v2|grace", 2023),
        (r"threadripper(?: pro)? 3\d\d\d", 2020),
        (r"threadripper(?: pro)? 5\d\d\d", 2022),
        (r"threadripper(?: pro)? 7\d\d\d", 2023),
        (r"ryzen [3579] 3\d\d\d", 2019),
        (r"ryzen [3579] 5\d\d\d", 2020),
        (r"ryzen [3579] 7\d\d\d", 2022),
        (r"ryzen [3579] 9\d\d\d", 2024),
        (r"core ultra", 2024),
        (r"core i[3579]-14\d\d\d", 2023),
        (r"core i[3579]-13\d\d\d", 2022),
        (r"core i[3579]-12\d\d\d", 2021),
        (r"core i[3579]-1[01]\d\d\d", 2020),
        (r"core i[3579]-9\d\d\d", 2018),
        (r"core i[3579]-8\d\d\d", 2017),
        (r"core i[3579]-[67]\d\d\d", 2016),
        (r"core i[357]-[5]\d\d\b|core i[357] [56]\d\d", 2010),
    )
)

# CPUID vendor, family, model. Ranges of models are one microarchitecture.
_BY_CPUID = (
    ("AuthenticAMD", 23, range(0x10), 2017),
    ("AuthenticAMD", 23, range(0x30, 0x40), 2019),
    ("AuthenticAMD", 25, range(0x10), 2021),
    ("AuthenticAMD", 25, range(0x10, 0x20), 2022),
    ("AuthenticAMD", 25, range(0xA0, 0xB0), 2023),
    ("AuthenticAMD", 26, range(0x20), 2024),
    ("GenuineIntel", 6, (45,), 2012),
    ("GenuineIntel", 6, (62,), 2013),
    ("GenuineIntel", 6, (63,), 2014),
    ("GenuineIntel", 6, (79, 86), 2016),
    ("GenuineIntel", 6, (85,), 2018),  # Skylake-SP of 2017 and Cascade Lake of 2019 share it
    ("GenuineIntel", 6, (106, 108), 2021),
    ("GenuineIntel", 6, (143, 207), 2023),
    ("GenuineIntel", 6, (173, 174, 175), 2024),
)
_NOISE = re.compile(r"\((?:r|tm)\)|[®™]|\b(?:cpu|processor|quad-core|six-core|intel|amd)\b|@.*|\([^)]*\)")


def year_of(model: str, vendor: str = "", family: int | None = None, number: int | None = None) -> float | None:
    """The year a CPU came to market; None where neither its name nor its CPUID tells.

    >>> year_of("Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz")
    2021.0
    >>> year_of("AMD EPYC", "AuthenticAMD", 26, 2)
    2024.0
    """
    words = " ".join(_NOISE.sub(" ", model.lower()).split())
    for pattern, year in _BY_NAME:
        if pattern.search(words):
            return float(year)
    for known_vendor, known_family, numbers, year in _BY_CPUID:
        if (vendor, family) == (known_vendor, known_family) and number in numbers:
            return float(year)
    return None
