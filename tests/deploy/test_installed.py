"""What each image has installed: what its server needs, and no more."""

from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAVY = {"torch", "scikit-learn", "scipy", "matplotlib", "pandas", "pyarrow", "dask"}


@pytest.mark.parametrize(("extra", "absent"), [("exporter", HEAVY | {"numpy"}), ("predictor-service", HEAVY)])
def test_dependencies(extra: str, absent: set[str]) -> None:
    """Neither image drags in what trains models; the exporter's does without numpy too."""
    found = _closure(Requirement(f"joulecast[{extra}]"))

    assert {"grpcio", "prometheus-client"} <= found
    assert not found & absent


def _closure(wanted: Requirement) -> set[str]:
    found: set[str] = set()
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [wanted]
    while waiting:
        each = waiting.pop()
        name = canonicalize_name(each.name)
        key = (name, frozenset(each.extras))
        if key in seen:
            continue
        seen.add(key)
        found.add(name)
        for line in requires(name) or ():
            needed = Requirement(line)
            extras = each.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return found
