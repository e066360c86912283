"""When two names mean the same device: vendors, case, dashes and trademarks never matter."""

import re

_VENDORS = frozenset({"nvidia", "amd", "intel", "ati", "corporation", "inc", "gpu", "cpu", "processor", "gen", "with"})
# Dropped too where a name is unknown with them: most say nothing more than the rest of the name does.
_BRANDS = frozenset({"tesla", "geforce", "quadro", "instinct", "radeon", "graphics", "accelerator"})
_DROPPED = re.compile(
    r"\((?:r|tm|c)\)|[®™]"  # trademarks
    r"|\((?:[^()]*)\)"  # remarks such as "(Turbo Boost up to 3.0 GHz)"
    r"|@?\s*\b\d+(?:\.\d+)?\s*ghz\b"  # clock
    r"|\b(?:\d+|dual|quad|six)-core\b|\b64-bit multi-core\b|\b\d+[a-z]{2} gen\b"
)
_SXM = re.compile(r"\bsxm\d\b")
_SIZE = re.compile(r"\b(\d+)\s*(?:gib|gb|g)\b")
_WORDS = re.compile(r"[a-z0-9.+]+")


def words_of(name: str, *, brands: bool = False) -> tuple[str, ...]:
    """The words of a name that tell it from others, with or without brands.

    >>> words_of("NVIDIA A100-SXM4-40GB")
    ('a100', 'sxm', '40gb')
    >>> words_of("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz")
    ('xeon', 'e5', '2680', 'v4')
    """
    plain = _DROPPED.sub(" ", name.lower())
    plain = _SIZE.sub(r"\1gb", _SXM.sub("sxm", plain))
    words = (word for word in _WORDS.findall(plain) if word not in _VENDORS)
    return tuple(word for word in words if brands or word not in _BRANDS)


def keys_of(name: str) -> tuple[str, str]:
    """The words of a name as one, so that `RTX4090` is `RTX 4090`: with its brand, and without."""
    return "".join(words_of(name, brands=True)), "".join(words_of(name))
