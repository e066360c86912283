"""An artifact's file: written whole, read with suspicion, and what ships with the package is sound."""

import json
from pathlib import Path
from typing import Any

import pytest

from joulecast.errors import JoulecastError
from predictor.artifact import Artifact, artifact_of, artifact_paths, document_of, read_artifact, write_artifact

PACKAGED = artifact_paths()


@pytest.fixture
def document() -> dict[str, Any]:
    """A shipped artifact as JSON."""
    content: dict[str, Any] = json.loads(PACKAGED[0].read_text())
    return content


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.stem)
def test_a_shipped_artifact_is_read_and_written_to_the_same_bytes(path: Path, tmp_path: Path) -> None:
    """Nothing is lost on the way."""
    write_artifact(read_artifact(path), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == path.read_bytes()


def changed(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The document with one value changed; `place` is a path of keys and numbers."""
    inner: Any = document
    *steps, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    for step in steps:
        inner = inner[step]
    if value is KeyError:
        del inner[last]
    else:
        inner[last] = value
    return document


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("format", "pickle", "is no artifact of Joulecast"),
        ("schema", 2, "is an artifact of schema 2, this version reads 1"),
        ("name", KeyError, "no key 'name'"),
        ("question", "telepathy", "'question' is 'telepathy': one of"),
        ("variants", [], "'variants' is '[]': a list of objects belongs there"),
        ("variants/0/forms/0/intercept", "0", "'intercept' is '0': a finite number"),
        ("variants/0/forms/0/intercept", True, "a finite number"),
        ("variants/0/forms/0/features/0/scale", 0, "'scale' is '0.0': a number above 0"),
        ("variants/0/forms/0/features/0/transform", "eval", "'transform' is 'eval'"),
        ("variants/0/forms/0/terms/0/features", [999], "places from 0 to"),
        ("variants/0/forms/0/terms/0/features", [0, 0, 0, 0], "one to three places"),
        ("variants/0/forms/0/terms/0/features", [-1], "places from 0 to"),
        ("variants/0/forms/0/band/p10", 9.0, "not above p90"),
        ("variants/0/forms/0/target", "os.system", "'target' is 'os.system'"),
    ],
)
def test_what_cannot_be_is_refused_by_its_place(document: dict[str, Any], place: str, value: Any, told: str) -> None:
    """The error begins with the file and names the key."""
    with pytest.raises(JoulecastError) as refused:
        artifact_of(changed(document, place, value), "my.json")
    assert str(refused.value).startswith("my.json")
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1, 2]", b"\x80\x04pickle", b'{"format": "joulecast-art', b"[" * 9999]
)
def test_a_truncated_or_foreign_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    """Whatever lies there, nothing is executed and the file is named."""
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(JoulecastError, match=r"broken\.json"):
        read_artifact(path)


def test_not_a_number_in_the_file_is_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    """Python's JSON knows NaN; an artifact does not."""
    path = tmp_path / "nan.json"
    path.write_text(json.dumps(changed(document, "variants/0/forms/0/intercept", float("nan"))))
    with pytest.raises(JoulecastError, match="a finite number"):
        read_artifact(path)


def test_a_disk_that_cannot_be_written_leaves_the_old_file(tmp_path: Path, document: dict[str, Any]) -> None:
    """Half an artifact never stands where a whole one was."""
    artifact: Artifact = artifact_of(document, "here")
    target = tmp_path / "folder.json"
    target.mkdir()
    with pytest.raises(JoulecastError, match="cannot be written"):
        write_artifact(artifact, target)
    assert document_of(artifact)["name"] == document["name"]
    assert [each.name for each in tmp_path.iterdir()] == ["folder.json"]
