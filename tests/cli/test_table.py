"""Tables that fit the terminal."""

from joulecast.cli.table import Column, rendered

COLUMNS = (Column("id"), Column("name", flexible=True), Column("n", right=True), Column("more", expendable=1))
ROWS = [["1", "a rather long name", "5", "first"], ["22", "short", "1234", "second"]]


def test_columns_are_as_wide_as_what_they_hold() -> None:
    """Text is left-aligned, numbers right-aligned, and no line ends in blanks."""
    assert rendered(COLUMNS, ROWS) == [
        "id  name                   n  more",
        "1   a rather long name     5  first",
        "22  short               1234  second",
    ]


def test_text_is_shortened_before_a_column_is_left_out() -> None:
    """First the flexible text, then the least important column, then nothing more."""
    assert rendered(COLUMNS, ROWS, 30)[1] == "1   a rather lo…     5  first"
    assert rendered(COLUMNS, ROWS, 20)[1] == "1   a rat…     5"
    assert rendered(COLUMNS, ROWS, 10)[1] == "1   a rat…     5"
    assert max(map(len, rendered(COLUMNS, ROWS, 30))) <= 30


def test_no_rows_leave_the_titles() -> None:
    """An empty table is its titles."""
    assert rendered(COLUMNS, []) == ["id  name  n  more"]
