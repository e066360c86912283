"""What the workload says its work is, brought within the limits before it is sent."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from joulecast import labels as limits
from joulecast.client.advice import advise
from joulecast.phase import Phase, nearest_phase

_KNOWN_PHASES = frozenset({"", *Phase})


class Tag(NamedTuple):
    """The words on one interval. `gpus` None means all of the node's, empty means none.

    `container` asks for the share of the container this process runs in.
    """

    name: str
    job: str = ""
    phase: str = ""
    labels: Mapping[str, str] = {}
    gpus: tuple[str, ...] | None = None
    container: bool = False


def tag_of(
    name: object,
    *,
    job: object = None,
    phase: object = None,
    labels: Mapping[str, Any] | None = None,
    gpus: tuple[str, ...] | None = None,
    container: bool = False,
    strict: bool = False,
) -> Tag:
    """A tag within the limits of `joulecast.labels`. A label of None is left out, any other value becomes text.

    What exceeds a limit is shortened or dropped with one warning; with `strict` it raises LabelError instead.
    """
    words = (str(name), "" if job is None else str(job), "" if phase is None else str(phase))
    texts = {str(key): str(value) for key, value in labels.items() if value is not None} if labels else {}
    try:
        limits.check_names(name=words[0], job=words[1], phase=words[2])
        limits.check_labels(texts)
    except limits.LabelError:
        if strict:
            raise
        words = (_shortened("name", words[0]), _shortened("job", words[1]), _shortened("phase", words[2]))
        texts = _within_limits(texts)
    if words[2] not in _KNOWN_PHASES:
        _question_phase(words[2])
    return Tag(*words, texts, gpus, container)


def counts_within_limits(counts: Mapping[str, Any], *, strict: bool = False) -> dict[str, float]:
    """Counts that may be sent; the others are dropped with one warning, or raise LabelError with `strict`."""
    numbers = {what: _number(value) for what, value in counts.items()}
    try:
        return limits.check_counts(numbers)
    except limits.LabelError as error:
        if strict:
            raise
        advise(f"limit:counts:{error}", str(error))
    good = {k: v for k, v in numbers.items() if _is_key(k) and math.isfinite(v) and v >= 0}
    return dict(list(good.items())[: limits.MAX_COUNTS])


def _number(value: Any) -> float:
    """Whatever a framework calls a number; NaN, which is refused by its name, for what is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _shortened(field_name: str, text: str) -> str:
    try:
        return limits.check_name(field_name, text)
    except limits.LabelError as error:
        advise(f"limit:{field_name}", str(error))
        return "".join(char if char.isprintable() else "?" for char in text[: limits.MAX_NAME_LENGTH])


def _question_phase(phase: str) -> None:
    near = nearest_phase(phase)
    if near is not None:
        advise(f"phase:{phase}", f"phase {phase!r} is kept as it is; did you mean {near.value!r}? ({', '.join(Phase)})")


def _within_limits(labels: dict[str, str]) -> dict[str, str]:
    try:
        limits.check_labels(labels)
    except limits.LabelError as error:
        advise(f"limit:labels:{error}", str(error))
    else:
        return labels
    good = {k: v[: limits.MAX_VALUE_LENGTH] for k, v in labels.items() if _is_key(k)}
    return dict(list(good.items())[: limits.MAX_LABELS])


def _is_key(key: str) -> bool:
    return bool(key) and len(key) <= limits.MAX_KEY_LENGTH and key.isprintable()
