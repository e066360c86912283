"""Whether records are those a model was trained on: errors on these say nothing of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from predictor.estimate import Description
from predictor.record import Record


def digest_of(records: Sequence[Record]) -> str:
    """What tells whether these are the records of one source a model was trained on."""
    return blake2b("\n".join(sorted(each.record_id for each in records)).encode(), digest_size=16).hexdigest()


def acquaintances(description: Description, records: Sequence[Record]) -> Iterator[str]:
    """A line for the sources that are exactly what the model was trained on, and one for those that overlap it."""
    trained = description.provenance.get("sources")
    if not isinstance(trained, Mapping):
        return
    same: list[str] = []
    alike: list[str] = []
    for name in sorted({each.source for each in records} & trained.keys()):
        account = trained[name]
        if not isinstance(account, Mapping):
            continue
        mine = [each for each in records if each.source == name]
        (same if _is_same(account, mine) else alike).append(name)
    if same:
        yield (
            f"{description.name} was trained on these very records of {', '.join(same)}: "
            "what it makes of others is what --splits says"
        )
    if alike:
        yield f"{description.name} was trained on records of {', '.join(alike)}, and may know some of these"


def _is_same(account: Mapping[str, Any], records: Sequence[Record]) -> bool:
    return account.get("records") == len(records) and account.get("digest") == digest_of(records)
