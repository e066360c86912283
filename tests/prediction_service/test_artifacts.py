"""Artifacts side by side by name: found, replaced, and kept when what replaces them is no good."""

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from doubles.share_model import load_share_model, write_share_model

from joulecast.errors import JoulecastError
from predictor.estimate import Question
from predictor.service.artifacts import Artifacts, UnknownModel, Watch


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two artifacts for one question and one for another."""
    write_share_model(tmp_path / "a.json", name="first", share=0.1)
    write_share_model(tmp_path / "b.json", name="second", share=0.2)
    write_share_model(tmp_path / "c.json", name="third", share=0.3, question="diffusion")
    return tmp_path


def share(artifacts: Artifacts, name: str = "", question: Question | None = None) -> float:
    """The share of the model that would answer."""
    model: Any = artifacts.current.find(name, question).model
    return float(model.share)


def test_the_first_artifact_of_a_question_answers_it_by_default(directory: Path) -> None:
    """The others are asked by name."""
    artifacts = Artifacts([directory], load_share_model)
    assert share(artifacts, question=Question.GENERATIVE_KNOWN_RUNTIME) == 0.1
    assert share(artifacts, "second") == 0.2
    assert share(artifacts, question=Question.DIFFUSION) == 0.3


def test_a_file_named_first_is_preferred_to_a_directory(directory: Path, tmp_path: Path) -> None:
    """One's own artifact takes the place of the packaged one of its name."""
    own = tmp_path / "own.artifact"
    write_share_model(own, name="first", share=0.9)
    artifacts = Artifacts([own, directory], load_share_model)
    assert share(artifacts, "first") == 0.9
    assert share(artifacts, question=Question.GENERATIVE_KNOWN_RUNTIME) == 0.9


def test_a_changed_or_new_file_is_served_and_the_old_registry_stays_whole(directory: Path) -> None:
    """Who began with the old one ends with it."""
    artifacts = Artifacts([directory], load_share_model)
    before = artifacts.current
    write_share_model(directory / "a.json", name="first", version="2", share=0.7)
    write_share_model(directory / "d.json", name="fourth", share=0.4)
    assert artifacts.refresh()
    assert (share(artifacts, "first"), share(artifacts, "fourth")) == (0.7, 0.4)
    assert before.find("first", None).description.version == "1"
    assert "fourth" not in before.by_name
    assert not artifacts.refresh()


@pytest.mark.parametrize("content", ["", '{"name": "fir', "[1, 2]", '{"name": "first", "colour": "red"}'])
def test_a_broken_file_leaves_what_it_held_in_place(
    directory: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Truncated, foreign or from elsewhere: said once, counted, and the old artifact answers on."""
    artifacts = Artifacts([directory], load_share_model)
    (directory / "a.json").write_text(content)
    with caplog.at_level(logging.ERROR):
        artifacts.refresh()
        artifacts.refresh()
    assert share(artifacts, "first") == 0.1
    assert artifacts.failures == 1
    assert list(artifacts.failed) == [directory / "a.json"]
    assert [record.message.endswith("is still served") for record in caplog.records] == [True]
    write_share_model(directory / "a.json", name="first", share=0.8)
    artifacts.refresh()
    assert share(artifacts, "first") == 0.8
    assert not artifacts.failed


def test_a_file_that_is_gone_is_served_on(directory: Path) -> None:
    """A writer that removes before it writes must not cost a call."""
    artifacts = Artifacts([directory], load_share_model)
    (directory / "a.json").unlink()
    write_share_model(directory / "d.json", name="fourth", share=0.4)
    artifacts.refresh()
    assert share(artifacts, "first") == 0.1
    # What is still there is preferred where no name is asked for.
    assert share(artifacts, question=Question.GENERATIVE_KNOWN_RUNTIME) == 0.2


def test_a_renamed_artifact_replaces_itself(directory: Path) -> None:
    """The same name out of another file: the file that is there counts."""
    artifacts = Artifacts([directory], load_share_model)
    (directory / "a.json").unlink()
    write_share_model(directory / "z.json", name="first", share=0.6)
    artifacts.refresh()
    assert share(artifacts, "first") == 0.6


def test_a_source_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    """So is a file named directly that holds no artifact: its absence was not meant."""
    with pytest.raises(JoulecastError, match="no such file or directory"):
        Artifacts([tmp_path / "nowhere"], load_share_model)
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(
        JoulecastError, match=r"broken\.json is no artifact that can be served: Expecting property name"
    ):
        Artifacts([broken], load_share_model)


def test_an_empty_directory_answers_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    """The service starts all the same: artifacts may come later."""
    artifacts = Artifacts([tmp_path], load_share_model)
    with pytest.raises(UnknownModel, match="give --artifacts DIR"):
        artifacts.current.find("", Question.DIFFUSION)


def test_a_watch_that_is_poked_looks_at_once(directory: Path) -> None:
    """As on SIGHUP: no waiting for the period."""
    loaded = threading.Event()

    def load(path: Path) -> Any:
        model = load_share_model(path)
        if model.name == "fifth":
            loaded.set()
        return model

    watch = Watch(Artifacts([directory], load), period_seconds=3600)
    watch.start()
    write_share_model(directory / "e.json", name="fifth", share=0.5)
    watch.poke()
    assert loaded.wait(30)
    watch.stop()


def test_a_watch_survives_a_disk_that_misbehaves(directory: Path) -> None:
    """A look that fails is logged, and the next one happens."""
    looks = 0
    twice = threading.Event()

    class Misbehaving(Artifacts):
        def refresh(self) -> bool:
            nonlocal looks
            looks += 1
            if looks == 3:
                twice.set()
            if looks > 1:
                raise OSError(5, "Input/output error")
            return super().refresh()

    watch = Watch(Misbehaving([directory], load_share_model), period_seconds=0.001)
    watch.start()
    assert twice.wait(30)
    watch.stop()
