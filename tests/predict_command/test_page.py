"""docs/predict.md: its commands work, as they stand there."""

from pathlib import Path

import pytest

from joulecast.cli.main import main
from predictor.commands.predict_page import commands_of, files_of, printed_again

PAGE = Path(__file__).parents[2] / "docs" / "predict.md"


@pytest.mark.parametrize("words", commands_of(PAGE.read_text(encoding="utf-8")), ids=" ".join)
def test_every_command_of_the_page_works(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the packaged artifacts and the files of the page each command ends well and prints something."""
    monkeypatch.chdir(tmp_path)
    for name, content in files_of(PAGE.read_text(encoding="utf-8")).items():
        (tmp_path / name).write_text(content, encoding="utf-8")

    status, said = main(words), capsys.readouterr()
    if "no packaged artifact" in said.err:
        pytest.skip("its artifact is not packaged")
    assert status == 0, said.err
    assert said.out.strip()


def test_a_page_is_printed_again() -> None:
    """What stood below a command is replaced, over several lines too, and nothing else."""
    page = "Text\n\n```\n$ joulecast predict node \\\n    --cpu X\nold\n\nolder\n```\n\n```\n# a.csv\n1,2\n```\n"

    assert commands_of(page) == [["predict", "node", "--cpu", "X"]]
    assert files_of(page) == {"a.csv": "1,2\n"}
    assert printed_again(page, lambda words: f"{len(words)} words\n") == page.replace("old\n\nolder", "4 words")
