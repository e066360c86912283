"""Errors of answers as a few numbers. Ratios of the truth; percent is for whoever prints them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from predictor.estimate import Evaluation
from predictor.scoring.answers import Answers


@dataclass(frozen=True, slots=True)
class Scores:
    """How far off; None where there is nothing to say."""

    records: int
    unanswered: int
    mape: float | None = None
    median_ape: float | None = None
    r2_log: float | None = None
    within_factor_two: float | None = None
    band_coverage: float | None = None

    def evaluation(self, split: str) -> Evaluation | None:
        """As an artifact keeps it; None where nothing was answered."""
        if self.mape is None or self.median_ape is None:
            return None
        return Evaluation(
            split, self.records, self.mape, self.median_ape, self.r2_log, self.within_factor_two, self.band_coverage
        )


def scores(answers: Answers) -> Scores:
    """Mean and median absolute percentage error, R2 of logarithms, shares within 2x and within P10-P90."""
    answered = answers.take(answers.answered)
    count = len(answered.truth)
    unanswered = len(answers.truth) - count
    if not count:
        return Scores(0, unanswered)
    ape = np.abs(answered.value / answered.truth - 1.0)
    residuals = answered.residuals
    spread = float(((logs := np.log(answered.truth)) - logs.mean()) @ (logs - logs.mean()))
    return Scores(
        records=count,
        unanswered=unanswered,
        mape=float(ape.mean()),
        median_ape=float(np.median(ape)),
        r2_log=1.0 - float(residuals @ residuals) / spread if spread > 0 else None,
        within_factor_two=float((np.abs(residuals) <= np.log(2.0)).mean()),
        band_coverage=float(((answered.p10 <= answered.truth) & (answered.truth <= answered.p90)).mean()),
    )
