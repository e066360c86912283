"""The page on records says what the code does."""

from pathlib import Path

from predictor.readers.reference import reference


def test_the_page_is_up_to_date() -> None:
    """docs/records.md is what the columns, labels and the catalogue say now."""
    page = Path(__file__).parents[2] / "docs/records.md"
    assert page.read_text(encoding="utf-8") == reference(), (
        "run: python -m predictor.readers.reference > docs/records.md"
    )
