"""Recipes judged on these very records: trained anew with a part of them left out, and asked about that part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from joulecast.errors import JoulecastError
from predictor.nearest import nearest
from predictor.record import Record
from predictor.scoring.answers import Answers
from predictor.training.calibrated_folds import CALIBRATED, calibrate_and_validate
from predictor.training.cross_validation import cross_validate
from predictor.training.folds import SPLITS
from predictor.training.recipe import Recipe
from predictor.training.train import records_for

Progress = Callable[[str], None]

_ALL = (*SPLITS, CALIBRATED)
_GROUPS = {
    "leave-model-out": "model",
    "leave-family-out": "model family",
    "leave-device-out": "device",
    CALIBRATED: "device",
}


@dataclass(frozen=True)
class Judgement:
    """Answers of one variant of a recipe to records it was not trained on; why there are none, where nothing was."""

    recipe: str
    variant: str
    split: str
    target: str
    records: Sequence[Record]
    answers: Answers | None
    reason: str = ""

    @property
    def model(self) -> str:
        """The recipe, with its variant where that says more."""
        return f"{self.recipe}, {self.variant}" if self.variant else self.recipe


def splits_of(text: str) -> tuple[str, ...]:
    """The splits that `none`, `all` or names parted by commas mean, in their usual order. Raises JoulecastError."""
    if text == "none":
        return ()
    if text == "all":
        return SPLITS
    names = [each.strip() for each in text.split(",") if each.strip()]
    if not names:
        raise JoulecastError("no split is named", f"there are {', '.join(_ALL)}, and all")
    for name in names:
        if name not in _ALL:
            raise JoulecastError(f"no split {name!r}", nearest(name, ("none", "all", *_ALL)))
    return tuple(each for each in _ALL if each in names)


def recipe_named(name: str, recipes: Iterable[Recipe]) -> Recipe:
    """The recipe of that name. Raises JoulecastError where there is none."""
    found = {each.name: each for each in recipes}
    if name not in found:
        raise JoulecastError(f"nothing says how {name} was trained, so that it cannot be anew", nearest(name, found))
    return found[name]


def recipes_for(records: Sequence[Record], recipes: Iterable[Recipe]) -> list[Recipe]:
    """Those with anything to train on. Raises JoulecastError where there is none, or of one model only in all."""
    found = [recipe for recipe in recipes if any(recipe.takes(each) for each in records)]
    if not found:
        raise JoulecastError(
            f"none of {len(records)} records is for a model that is trained", "see the kinds in docs/records.md"
        )
    if all(len(_models(recipe, records)) < 2 for recipe in found):
        names = sorted({name for recipe in found for name in _models(recipe, records)})
        raise JoulecastError(
            f"all records are of one model ({names[0]}): there are no groups to leave out",
            "give records of two models or more",
        )
    return found


def judge(
    recipes: Sequence[Recipe],
    records: Sequence[Record],
    splits: Sequence[str],
    jobs: int = -1,
    say: Progress = lambda _: None,
) -> Iterator[Judgement]:
    """Every variant of every recipe by every split, each variant alone: its errors are its own.

    Folds run `jobs` at a time; `say` learns of each that is done.
    """
    for recipe in recipes:
        chosen = records_for(recipe, records)
        several = len(recipe.variants) > 1
        one_model = len({each.model_id for each in chosen}) < 2
        for variant in recipe.variants:
            alone = replace(recipe, variants=(variant,))
            name = variant.name if several else ""
            for split in splits:
                blank = Judgement(recipe.name, name, split, recipe.scored, chosen, None)
                if one_model:
                    yield replace(blank, reason="all records are of one model: there are no groups to leave out")
                    continue

                def tick(done: int, folds: int, of: str = f"{blank.model}: {split}") -> None:
                    say(f"{of}, fold {done} of {folds}")

                if split == CALIBRATED:
                    found = calibrate_and_validate(alone, chosen, jobs, tick=tick)
                else:
                    found = cross_validate(alone, chosen, split, jobs, tick=tick)
                if found:
                    yield replace(blank, answers=found[recipe.scored].answers)
                else:
                    yield replace(blank, reason=_nothing(split, len(chosen)))


def _models(recipe: Recipe, records: Sequence[Record]) -> set[str]:
    return {each.model_id for each in records if recipe.takes(each)}


def _nothing(split: str, records: int) -> str:
    group = _GROUPS.get(split)
    if group is None:
        return f"{records} records are too few to part by chance"
    return f"all records are of one {group}: there is nothing to leave out"
