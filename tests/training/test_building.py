"""From records to an artifact: the law is found, the bytes are the same, and what cannot be learnt from is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from doubles.serving_records import RECIPE, serving_records

from joulecast.errors import JoulecastError
from predictor.artifact import Artifact, document_of, write_artifact
from predictor.form import Term
from predictor.lasso_model import LassoModel
from predictor.points import point_of
from predictor.scoring.answers import answers
from predictor.scoring.scores import scores
from predictor.training.building import build
from predictor.training.train import records_for, train
from predictor.training.verification import verify


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    """Trained on a hundred and forty-four synthetic records."""
    return build(RECIPE, serving_records(), jobs=1)


def test_the_law_behind_the_records_is_found(artifact: Artifact) -> None:
    """Records nobody trained on are answered to a few percent, and stay inside the band as often as it says."""
    fresh = serving_records(seed=7)
    found = scores(answers(LassoModel(artifact), fresh, "joules_per_sample"))
    assert found.records == len(fresh)
    assert found.median_ape is not None
    assert found.median_ape < 0.05
    assert found.band_coverage is not None
    assert 0.6 < found.band_coverage < 0.95


def test_it_says_how_far_off_it_is_on_what_was_left_out(artifact: Artifact) -> None:
    """Every split there are groups for, with the coverage of its band."""
    by_split = {each.split: each for each in artifact.evaluations}
    assert {"random", "leave-model-out", "leave-family-out", "leave-device-out"} <= by_split.keys()
    assert by_split["leave-model-out"].records == 144
    assert 0.7 < (by_split["leave-model-out"].band_coverage or 0) < 0.9


def test_the_same_records_in_another_order_give_the_same_bytes(artifact: Artifact, tmp_path: Path) -> None:
    """Nothing hangs on when, or in which order, or on which core."""
    again = build(RECIPE, list(reversed(serving_records())), jobs=2)
    write_artifact(artifact, tmp_path / "one.json")
    write_artifact(again, tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_the_artifact_is_its_pipeline_to_a_billionth() -> None:
    """And a coefficient that is off by a millionth is noticed."""
    trained = train(RECIPE, records_for(RECIPE, serving_records()))
    (form, made, raw), *_ = trained.pipelines
    assert verify(form, made, raw) <= 1e-9
    first, *others = form.terms
    wrong = replace(form, terms=(Term(first.coefficient + 1e-6, first.features), *others))
    with pytest.raises(JoulecastError, match="differs from its pipeline"):
        verify(wrong, made, raw)


def test_estimated_energy_is_never_learnt_from() -> None:
    """One predicted record among the measured ones stops the training, and is named."""
    records = serving_records()
    records[3] = replace(records[3], provenance="predicted")
    with pytest.raises(JoulecastError, match=r"1 records hold predicted energy \(00-03"):
        build(RECIPE, records, jobs=1)


def test_one_model_alone_is_no_ground_for_a_choice() -> None:
    """There is nothing to leave out."""
    with pytest.raises(JoulecastError, match="are of one model"):
        build(RECIPE, serving_records(models=1, each=40), jobs=1)


def test_records_of_another_kind_are_told() -> None:
    """None of them is for this recipe."""
    with pytest.raises(JoulecastError, match="none of 144 records is for generative-known-runtime"):
        build(RECIPE, [replace(each, kind="diffusion") for each in serving_records()], jobs=1)


def test_one_by_one_and_in_columns_the_numbers_are_the_same(artifact: Artifact) -> None:
    """To rounding, with band, domain and all."""
    model = LassoModel(artifact)
    records = serving_records(models=3, each=5, seed=3)
    together = answers(model, records, "power_watts")
    inputs = {each.name for each in artifact.inputs}
    for row, record in enumerate(records):
        single = model.estimate(*point_of(record, inputs))
        assert single.power_watts is not None
        assert single.power_watts.value == pytest.approx(together.value[row], rel=1e-12)
        assert single.power_watts.p10 == pytest.approx(together.p10[row], rel=1e-12)
        assert single.in_domain == together.in_domain[row]


def test_contributions_sum_to_the_distance_from_the_mean(artifact: Artifact) -> None:
    """ln(estimate) less ln(reference) of the mean record and the intercept."""
    model = LassoModel(artifact)
    form = artifact.variants[0].forms[0]
    record = serving_records(seed=5)[17]
    found = model.estimate(*point_of(record, [each.name for each in artifact.inputs]))
    assert found.power_watts is not None
    total = sum(each.log_ratio for each in found.contributions)
    assert total == pytest.approx(np.log(found.power_watts.value) - form.reference_mean - form.intercept)


def test_provenance_tells_sources_and_versions(artifact: Artifact) -> None:
    """What a reader needs to judge or repeat it; no date, which would change the bytes."""
    said = json.loads(json.dumps(document_of(artifact)))["provenance"]
    assert said["records"] == 144
    assert said["sources"]["ours"]["energy_scope"] == ["gpu"]
    assert {"numpy", "scikit-learn", "joulecast"} <= said["versions"].keys()
    assert artifact.version.startswith("1.")
