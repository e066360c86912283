"""The phases of a pipeline (paper, Sec. 4), so that energy splits can be compared across teams."""

from enum import StrEnum


class Phase(StrEnum):
    """The named phases. Free text is accepted too; `nearest_phase` catches a mistyped one."""

    DATA = "data"
    EXPERIMENTATION = "experimentation"
    TRAINING = "training"
    FINE_TUNING = "fine-tuning"
    INFERENCE = "inference"
    MONITORING = "monitoring"


_NAMED = frozenset(map(str, Phase))


def nearest_phase(text: str) -> Phase | None:
    """The phase that `text` is nearly but not exactly, or None.

    >>> nearest_phase("trainnig")
    <Phase.TRAINING: 'training'>
    >>> nearest_phase("warm-up") is None
    True
    """
    if not text or text in _NAMED:
        return None
    from difflib import get_close_matches

    found = get_close_matches(text.lower().replace("_", "-"), list(Phase), n=1, cutoff=0.8)
    return Phase(found[0]) if found else None
