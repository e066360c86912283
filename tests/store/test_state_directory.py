"""One state directory has one exporter."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.store.state_directory import StateDirectory
from joulecast.errors import JoulecastError

CLAIM_AND_WAIT = """
import sys
from pathlib import Path
from exporter.store.state_directory import StateDirectory
claimed = StateDirectory(Path(sys.argv[1]))
print("claimed", flush=True)
sys.stdin.read()
"""


def test_missing_directory_is_made_private(tmp_path: Path) -> None:
    """A new state directory, parents included, is for its owner alone."""
    with StateDirectory(tmp_path / "a" / "b") as state:
        assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
        assert stat.S_IMODE((state.path / "lock").stat().st_mode) == 0o600


def test_second_claim_names_the_holder(tmp_path: Path) -> None:
    """Whoever comes second is told the pid to stop, and the option to use."""
    with StateDirectory(tmp_path), pytest.raises(JoulecastError) as refused:
        StateDirectory(tmp_path)

    assert f"pid {os.getpid()}" in refused.value.problem
    assert "--state-dir" in refused.value.remedy


def test_released_directory_can_be_claimed_again(tmp_path: Path) -> None:
    """A release, even twice, leaves the directory free."""
    first = StateDirectory(tmp_path)
    first.release()
    first.release()

    StateDirectory(tmp_path).release()


def test_death_of_the_holder_frees_the_directory(tmp_path: Path) -> None:
    """A claim held by a process that is killed needs no cleaning up by hand."""
    holder = subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_WAIT, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "claimed\n"
    with pytest.raises(JoulecastError, match=f"pid {holder.pid}"):
        StateDirectory(tmp_path)
    holder.kill()
    holder.communicate()

    StateDirectory(tmp_path).release()


def test_unusable_directory_is_told_with_a_remedy(tmp_path: Path) -> None:
    """A path that cannot be a directory is one line and the option that helps."""
    (tmp_path / "file").touch()

    with pytest.raises(JoulecastError, match=r"cannot be used .*--state-dir"):
        StateDirectory(tmp_path / "file" / "state")
