"""What an artifact can be asked: the names it knows, and the way from what is given to what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from predictor.answers import RATES
from predictor.artifact import Artifact, Variant
from predictor.estimate import Departure, Description, InvalidFeature
from predictor.ways import Plan, plan


def plain(name: str) -> str:
    """A name without what people write differently: case, dashes, underscores.

    >>> plain("vLLM-0.11.1")
    'vllm 0.11.1'
    """
    return name.strip().lower().replace("-", " ").replace("_", " ")


class Answerable:
    """An artifact with its names and ways arranged for questions."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._stands_for = {
            name: {plain(alias): trained for alias, trained in table.items()}
            for name, table in artifact.stands_for.items()
        }
        self._trained_names = {
            each.name: {plain(value): value for value in each.values} for each in artifact.inputs if each.is_text
        }
        # A variant and the way to what it needs, by what is given; the kinds of request are few.
        self._plans: dict[frozenset[str], tuple[Variant, Plan]] = {}

    @cached_property
    def description(self) -> Description:
        """What it takes, and how good it is."""
        it = self.artifact
        return Description(it.name, it.version, it.question, it.scope, it.inputs, it.evaluations, it.provenance)

    def trained_name(self, kind: str, name: str) -> str:
        """The name in training that a name means or, where there was no such thing, stands for; else itself.

        `vllm 0.6.3` stands for what the longest listed beginning of it does: `vllm 0.6`, else `vllm`.
        """
        simple = plain(name)
        trained = self._trained_names.get(kind, {}).get(simple)
        if trained is not None:
            return trained
        table = self._stands_for.get(kind, {})
        starts = [alias for alias in table if simple.startswith(alias)]
        return table[max(starts, key=len)] if starts else name

    def foreign(self, names: Mapping[str, str]) -> list[Departure]:
        """The names that were not in training, and a device that has none."""
        left = []
        for kind, trained in self._trained_names.items():
            name = names.get(kind)
            if not trained or (name is None and kind != "device"):
                continue
            if name is None or plain(name) not in trained:
                left.append(Departure(kind, text=name or "not named"))
        return left

    def way(self, given: frozenset[str]) -> tuple[Variant, Plan]:
        """The first variant that can answer from these quantities, and how. Raises InvalidFeature."""
        found = self._plans.get(given)
        if found is None:
            found = self._way(given)
            if len(self._plans) < 4096:
                self._plans[given] = found
        return found

    def _way(self, given: frozenset[str]) -> tuple[Variant, Plan]:
        fewest: tuple[str, ...] | None = None
        for variant in self.artifact.variants:
            wanted = tuple(dict.fromkeys(name for form in variant.forms for name in form.wanted))
            needed = plan(given, wanted)
            if not needed.missing:
                welcome = tuple(name for form in variant.forms for name in form.welcome)
                full = plan(given, tuple(dict.fromkeys([*wanted, *welcome, *RATES])))
                return variant, full
            if fewest is None or len(needed.missing) < len(fewest):
                fewest = needed.missing
        missing = fewest or ()
        raise InvalidFeature(
            missing[0] if missing else "",
            f"{self.artifact.name} needs {' and '.join(missing)}, which does not follow from what is given",
            "give it, or what it follows from; DescribeModel lists all features",
        )
