"""Which model answers a record, what is compared, and how answers are parted."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from doubles.measured_records import generative_record
from doubles.small_artifact import small_artifact

from predictor.estimate import Question
from predictor.lasso_model import LassoModel
from predictor.record import Record
from predictor.scoring.answers import Answers
from predictor.scoring.asking import ask
from predictor.scoring.breakdown import part, part_document, parts
from predictor.scoring.provenance import acquaintances, digest_of


def model(name: str, question: Question, share: float = 0.5, **changes: Any) -> LassoModel:
    """A model that answers so many watts for each rated one, at one request per second."""
    return LassoModel(replace(small_artifact(name, share=share), question=question, **changes))


def record(**changes: Any) -> Record:
    """350 W at one request per second."""
    values: dict[str, Any] = {
        "request_rate_per_second": 1.0,
        "samples_per_second": 1.0,
        "mean_power_watts": 350.0,
        "energy_joules_per_sample": 350.0,
    }
    return generative_record(**values | changes)


def test_a_record_goes_to_the_model_that_knows_most() -> None:
    """With a rate to the known runtime, whatever order models come in; a priori answers what that cannot."""
    known = model("known", Question.GENERATIVE_KNOWN_RUNTIME)
    needy = tuple(replace(form, reference="macs") for form in known.artifact.variants[0].forms)
    cannot = model("cannot", Question.GENERATIVE_KNOWN_RUNTIME)
    cannot = LassoModel(replace(cannot.artifact, variants=(replace(cannot.artifact.variants[0], forms=needy),)))
    a_priori = model("a priori", Question.GENERATIVE_A_PRIORI, share=0.25)
    assert ask([a_priori, known], [record()]).model.tolist() == [1]
    asked = ask([a_priori, cannot], [record()])
    assert asked.model.tolist() == [0]
    assert asked.answers.value.tolist() == pytest.approx([175.0])
    assert asked.reasons == [""]


def test_what_was_measured_of_a_record_is_what_is_compared() -> None:
    """Energy of a sample where there is one, else power: and each beside an answer of the same kind."""
    asked = ask(
        [model("known", Question.GENERATIVE_KNOWN_RUNTIME)],
        [
            record(request_rate_per_second=4.0, samples_per_second=4.0, energy_joules_per_sample=175.0),
            record(record_id="two", energy_joules_per_sample=None),
        ],
    )
    assert asked.targets == ["joules_per_sample", "power_watts"]
    assert asked.answers.truth.tolist() == [175.0, 350.0]
    assert asked.answers.value.tolist() == pytest.approx([175.0, 350.0])


def test_a_node_power_model_may_be_asked_about_any_kind() -> None:
    """It knows utilisation and not what runs; other models are asked first."""
    node = model("node", Question.NODE_POWER)
    assert ask([node], [record(kind="diffusion")]).model.tolist() == [0]
    assert ask([node, model("known", Question.GENERATIVE_KNOWN_RUNTIME)], [record()]).model.tolist() == [1]


def test_parts_add_up_and_are_scored_alone() -> None:
    """Of four answers one is missing and one outside: counts, shares, and a part's own error."""
    answers = Answers(
        truth=np.array([1.0, 2.0, 4.0, 8.0]),
        value=np.array([1.0, 3.0, np.nan, 4.0]),
        p10=np.full(4, 0.5),
        p90=np.full(4, 5.0),
        in_domain=np.array([True, True, False, False]),
    )
    whole = part(answers)
    assert (whole.scores.records, whole.scores.unanswered) == (3, 1)
    assert whole.share == pytest.approx(2 / 3)
    assert whole.outside.mape == pytest.approx(0.5)
    assert whole.scores.band_coverage == pytest.approx(2 / 3)
    found = parts(answers, ["b", "a", "b", "a"])
    assert list(found) == ["a", "b"]
    assert found["a"].scores.mape == pytest.approx(0.5)
    assert part_document(found["b"])["unanswered"] == 1


def test_a_part_without_answers_has_no_error() -> None:
    """None, and not zero: nothing was compared."""
    document = part_document(part(Answers.empty(2)))
    assert (document["n"], document["unanswered"], document["mape"]) == (0, 2, None)
    assert document["in_domain"] == {
        "true": {"n": 0, "mape": None, "median_ape": None},
        "false": {"n": 0, "mape": None, "median_ape": None},
        "share": None,
    }


def test_the_digest_follows_the_records_and_not_their_order() -> None:
    """The same records in any order are the same; one more is not."""
    one, two = record(), record(record_id="two")
    assert digest_of([one, two]) == digest_of([two, one])
    assert digest_of([one, two]) != digest_of([one])


@pytest.mark.parametrize("provenance", [{}, {"sources": "none"}, {"sources": {"ours": "many"}}])
def test_a_model_that_does_not_say_what_it_was_trained_on_is_no_error(provenance: dict[str, Any]) -> None:
    """Artifacts of others may say nothing, or something else."""
    silent = model("known", Question.GENERATIVE_KNOWN_RUNTIME, provenance=provenance)
    assert list(acquaintances(silent.description, [record()])) == []
