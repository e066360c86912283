"""Words brought within the limits, at the workload's end of the wire."""

import pytest

from joulecast import labels as limits
from joulecast.client.tag import counts_within_limits, tag_of
from joulecast.phase import Phase


def test_what_is_within_the_limits_is_kept(recwarn: pytest.WarningsRecorder) -> None:
    """Ordinary words pass without a word."""
    tag = tag_of("train", job="j", phase=Phase.TRAINING, labels={"epoch": 3, "amp": True, "none": None})

    assert (tag.name, tag.job, tag.phase, tag.labels) == ("train", "j", "training", {"epoch": "3", "amp": "True"})
    assert not recwarn.list


def test_what_is_too_long_is_shortened_with_one_warning() -> None:
    """A long name or label value loses its tail, an impossible key its label; the work goes on."""
    with pytest.warns(RuntimeWarning, match="name is 999 characters long; at most 128") as seen:
        tags = [tag_of("x" * 999) for _ in range(3)]
    assert len(seen) == 1
    assert {tag.name for tag in tags} == {"x" * limits.MAX_NAME_LENGTH}

    with pytest.warns(RuntimeWarning, match="label"):
        tag = tag_of("t", labels={"long": "v" * 999, "": "nameless", "k" * 99: "v", "good": 1})
    assert tag.labels == {"long": "v" * limits.MAX_VALUE_LENGTH, "good": "1"}


def test_too_many_labels_keep_the_first() -> None:
    """The first 32 labels stay."""
    with pytest.warns(RuntimeWarning, match="40 labels; at most 32"):
        tag = tag_of("t", labels={f"k{number}": number for number in range(40)})

    assert list(tag.labels) == [f"k{number}" for number in range(32)]


def test_unprintable_names_become_printable() -> None:
    """A line break in a name does not break a table or a log."""
    with pytest.warns(RuntimeWarning, match="unprintable"):
        assert tag_of("a\nb").name == "a?b"


def test_strict_raises_instead() -> None:
    """With strict nothing is shortened silently or loudly: it is an error."""
    with pytest.raises(limits.LabelError, match="at most 128"):
        tag_of("x" * 999, strict=True)
    with pytest.raises(limits.LabelError, match="label key"):
        tag_of("t", labels={"": "v"}, strict=True)
    with pytest.raises(limits.LabelError, match="finite"):
        counts_within_limits({"sample": float("nan")}, strict=True)


def test_a_mistyped_phase_is_kept_and_questioned() -> None:
    """Free text is a phase; text that is nearly a known one is questioned once."""
    with pytest.warns(RuntimeWarning, match="phase 'trainnig' is kept as it is; did you mean 'training'") as seen:
        assert [tag_of("t", phase="trainnig").phase for _ in range(3)] == ["trainnig"] * 3

    assert len(seen) == 1


def test_a_phase_of_ones_own_is_not_questioned(recwarn: pytest.WarningsRecorder) -> None:
    """A phase unlike all the known ones is simply another phase."""
    assert tag_of("t", phase="warm-up").phase == "warm-up"
    assert not recwarn.list


def test_counts_are_numbers() -> None:
    """Whatever a framework calls a number counts; what is none is dropped with a warning that names it."""

    class Scalar:
        def __float__(self) -> float:
            return 4.0

    with pytest.warns(RuntimeWarning, match="'loss' is nan"):
        assert counts_within_limits({"sample": Scalar(), "loss": "high"}) == {"sample": 4.0}
    with pytest.warns(RuntimeWarning, match="20 counts"):
        assert len(counts_within_limits({f"c{number}": 1 for number in range(20)})) == limits.MAX_COUNTS
