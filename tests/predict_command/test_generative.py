"""`joulecast predict generative`: an operating point, a rate to plan for, and what cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.planning_artifacts import H100
from doubles.published_models import LLAMA_3_8B

from joulecast.cli.main import main

Predict = Callable[..., Any]

PLANNED = ("--device", "H100 SXM", "--parameters", "8e9", "--output-tokens", "300")
KNOWN = (*PLANNED, "--rps", "4", "--concurrency", "16")


def test_a_point_whose_concurrency_is_known(predict: Predict) -> None:
    """Watts, joules and kilowatt-hours with their band follow from the model, joules per request from its length."""
    it = predict("generative", *PLANNED, "--concurrency", "32", "--json", artifact="generative-a-priori").document

    watts, joules = 140 * 32**0.2, 1.6 / 32**0.5
    assert it["power_watts"] == pytest.approx({"value": watts, "p10": 0.8 * watts, "p90": 1.25 * watts})
    assert it["joules_per_output_token"]["value"] == pytest.approx(joules)
    assert it["joules_per_sample"]["value"] == pytest.approx(300 * joules)
    assert it["kilowatt_hours_per_day"]["value"] == pytest.approx(watts * 0.024)
    assert (it["scope"], it["in_domain"], it["serving"]) == ("gpu", True, None)


def test_a_rate_finds_its_operating_point(predict: Predict) -> None:
    """A rate alone is served with as many requests in flight as make the throughput the rate."""
    it = predict("generative", *PLANNED, "--rps", "20", "--json", artifact="generative-a-priori").document

    flying = (20 * 300 / 87.5) ** (1 / 0.7)
    assert it["question"] == "generative_a_priori"
    assert it["serving"]["concurrency"] == pytest.approx(flying, rel=1e-4)
    assert it["serving"]["replicas"] == 1
    assert it["serving"]["seconds_per_token"] == pytest.approx(flying / 6000, rel=1e-4)
    assert it["power_watts"]["value"] == pytest.approx(140 * flying**0.2, rel=1e-4)
    assert it["joules_per_sample"]["value"] == pytest.approx(it["power_watts"]["value"] / 20, rel=1e-4)


def test_a_rate_beyond_one_replica_takes_several(predict: Predict) -> None:
    """What one set of devices cannot serve is shared by as few as can, and said."""
    said = predict("generative", *PLANNED, "--rps", "100", artifact="generative-a-priori")
    it = predict("generative", *PLANNED, "--rps", "100", "--json", artifact="generative-a-priori").document

    flying = (6000 / 87.5) ** (1 / 0.7)  # 30,000 tokens/s by five
    assert it["serving"]["replicas"] == 5
    assert it["serving"]["concurrency"] == pytest.approx(flying, rel=1e-4)
    assert it["power_watts"]["value"] == pytest.approx(5 * 140 * flying**0.2, rel=1e-4)
    assert "in each of 5 replicas" in said.out
    assert "this takes 5" in said.out


def test_a_server_s_limit_bounds_what_is_in_flight(predict: Predict) -> None:
    """With at most 100 requests in flight the same rate takes more replicas."""
    it = predict(
        "generative", *PLANNED, "--rps", "20", "--batch-size", "100", "--json", artifact="generative-a-priori"
    ).document

    assert it["serving"]["replicas"] == 3
    assert it["serving"]["concurrency"] < 100


def test_a_rate_below_one_request_at_a_time_idles_in_between(predict: Predict) -> None:
    """The devices work part of the time, take their idle power in the rest, and a request costs its share of both."""
    it = predict(
        "generative", *PLANNED, "--rps", "0.1", "--idle-watts", "100", "--json", artifact="generative-a-priori"
    ).document

    busy = 30 / 87.5
    watts = busy * 140 + (1 - busy) * 100
    assert it["serving"]["busy"] == pytest.approx(busy)
    assert it["power_watts"]["value"] == pytest.approx(watts)
    assert it["joules_per_sample"]["value"] == pytest.approx(watts / 0.1)
    assert any("idle at 100 W" in note for note in it["notes"])


def test_idle_power_nobody_gives_is_assumed_and_said(predict: Predict) -> None:
    """Without a measured idle power the usual share of the rated power is taken, and noted."""
    it = predict("generative", *PLANNED, "--rps", "0.1", "--json", artifact="generative-a-priori").document

    assert any("17% of the rated power" in note for note in it["notes"])


def test_a_rate_with_what_is_in_flight_is_a_known_runtime(predict: Predict) -> None:
    """Then only power is estimated, and energy is power over the rate."""
    it = predict("generative", *KNOWN, "--json", artifact="generative-known-runtime").document

    assert it["question"] == "generative_known_runtime"
    assert it["power_watts"]["value"] == pytest.approx(700)
    assert it["joules_per_sample"]["value"] == pytest.approx(175)


def test_an_artifact_of_another_question_is_refused(predict: Predict) -> None:
    """The refusal says what would make it the right question."""
    said = predict("generative", *PLANNED, "--rps", "4", artifact="generative-known-runtime")

    assert said.status == 1
    assert "answers generative known runtime" in said.err
    assert "--concurrency" in said.err


def test_people_read_figures_domain_shares_and_errors(predict: Predict) -> None:
    """The text holds the band, the scope, what moves the estimate, and how far off the model was."""
    said = predict("generative", *KNOWN, artifact="generative-known-runtime")

    assert said.out.splitlines()[1].split() == ["power", "560", "W", "700", "W", "875", "W"]
    assert "scope: gpu, the devices alone" in said.out
    assert "in domain: yes" in said.out
    assert "request_rate              |############  x 2" in said.out
    assert "leave-model-out: off by 12.0% on average, 8.0% in the median (90 records); 80% of the truths" in said.out


def test_the_machine_around_the_gpus_is_a_prior_and_said_so(predict: Predict) -> None:
    """A figure for the whole machine stands beside that of the GPUs, with a note of where it comes from."""
    it = predict("generative", *KNOWN, "--json", artifact="generative-known-runtime").document

    assert it["node_power_watts"] == pytest.approx({"value": 700 * 1.43, "p10": 560 * 1.25, "p90": 875 * 1.82})
    assert any("published share, not learnt" in note for note in it["notes"])


def test_what_leaves_the_domain_is_named(predict: Predict) -> None:
    """A rate beyond training is answered with a wider band, and named with what training had."""
    said = predict("generative", *PLANNED, "--rps", "80", "--concurrency", "16", artifact="generative-known-runtime")

    assert "in domain: no" in said.out
    assert "request_rate is 80: training had 0.1 to 40" in said.out


def test_what_a_model_does_not_look_at_is_said(predict: Predict) -> None:
    """An option the model has no use for does not pass in silence."""
    said = predict(
        "generative", *KNOWN, "--cache-hit-rate", "0.5", "--set", "colour=red", artifact="generative-known-runtime"
    )

    assert "note: generative-known-runtime does not look at cache_hit_rate, colour" in said.out


def test_a_stack_nobody_names_is_the_newest_known_and_said(predict: Predict) -> None:
    """A model that was trained on some serving stacks knows no other; which one was taken is noted, or was named."""
    said = predict("generative", *KNOWN, artifact="generative-known-runtime")
    named = predict("generative", *KNOWN, "--stack", "vllm 0.5.4", artifact="generative-known-runtime")
    foreign = predict("generative", *KNOWN, "--stack", "sglang", artifact="generative-known-runtime")

    assert "note: assumed: serving_stack vllm-0.11.1" in said.out
    assert "assumed: serving_stack" not in named.out
    assert "in domain: yes" in named.out
    assert "serving_stack 'sglang' was not in training" in foreign.out


def test_a_config_gives_sizes_and_the_room_for_requests(predict: Predict, tmp_path: Path) -> None:
    """Of a config.json the exact parameters are asked, and its cache bounds how many requests fit."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(LLAMA_3_8B))
    words = ("--device", "H100 SXM", "--model-config", str(config), "--output-tokens", "1000")

    it = predict("generative", *words, "--concurrency", "8", "--json", artifact="generative-a-priori").document
    full = predict(
        "generative", *words, "--input-tokens", "30000", "--concurrency", "64", artifact="generative-a-priori"
    )

    assert it["asked"]["parameters"] == 8_030_261_248
    assert full.status == 1
    assert "do not fit beside the weights" in full.err


def test_how_much_is_served_must_be_said(predict: Predict) -> None:
    """Neither a rate nor what is in flight: there is nothing to ask."""
    said = predict("generative", "--device", "H100 SXM", "--parameters", "8e9", artifact="generative-a-priori")

    assert said.err == (
        "joulecast: how much it serves is not known: give --rps with --output-tokens, or --concurrency\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "H100 SXM", "--parameters", "7"), "parameters is 7: give single parameters: 7 billion is 7e9"),
        (("--device", "H100 SXX", "--parameters", "7e9"), f"did you mean {H100}"),
        (("--device", "H100 SXM", "--parameters", "70e9"), "weights of 140 GB do not fit 86 GB of memory"),
        (
            (
                "--device",
                "H100 SXM",
            ),
            "--model-config FILE or --parameters",
        ),
        (("--device", "H100 SXM", "--parameters", "7e9", "--active-parameters", "8e9"), "more than all"),
        (("--device", "H100 SXM", "--parameters", "7e9", "--rps", "4"), "give --output-tokens with --rps"),
        (("--device", "H100 SXM", "--parameters", "7e9", "--rps", "-4", "--output-tokens", "9"), "--rps: request_rate"),
        (("--device", "H100 SXM", "--parameters", "7e9", "--concurrency", "0"), "concurrency is 0"),
        (("--device", "H100 SXM", "--parameters", "7e9", "--precision", "bf61"), "did you mean bf16"),
        (("--device", "H100 SXM", "--parameters", "7e9", "--concurrency", "many"), "no number"),
        (("--device", "H100 SXM", "--model-config", "/nowhere/config.json"), "cannot be read"),
    ],
)
def test_what_cannot_be_is_one_line_and_a_remedy(predict: Predict, words: tuple[str, ...], says: str) -> None:
    """Wrong units, unknown names, models that do not fit: refused in the words of the options."""
    flying = () if "--rps" in words or "--concurrency" in words else ("--concurrency", "8")
    said = predict("generative", *words, *flying, artifact="generative-a-priori")

    assert said.status in {1, 2}
    assert says in said.err
    assert "Traceback" not in said.err
    assert len([line for line in said.err.splitlines() if line.startswith("joulecast")]) == 1


def test_an_artifact_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a file nor a packaged name: said, with what to do."""
    assert main(["predict", "generative", *PLANNED, "--concurrency", "8", "--artifact", "nowhere.json"]) == 1
    assert "no artifact 'nowhere.json'" in capsys.readouterr().err
