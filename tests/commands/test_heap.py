"""What the exporter does to take little memory changes nothing that it does."""

from collections.abc import Callable
from types import ModuleType

from exporter.commands.heap import drop_docstrings


def doubler(factor: int) -> Callable[[int], int]:
    """Make a function that knows its factor."""

    def times(number: int) -> int:
        """Multiply."""
        return factor * number

    return times


def test_functions_without_docstrings_work_as_before() -> None:
    """Only the text is gone: closures keep what they closed over, and what is no Python function is left alone."""
    twice, thrice = doubler(2), doubler(3)
    drop_docstrings([twice, "no function", thrice, len])

    assert (twice.__doc__, thrice.__doc__) == (None, None)
    assert "Multiply." not in twice.__code__.co_consts
    assert (twice(21), thrice(5)) == (42, 15)
    assert len.__doc__


def test_classes_and_modules_without_docstrings_work_as_before() -> None:
    """Only the text is gone, of what is written in C not even that."""

    class Doubler(int):
        """A number that doubles itself."""

        def doubled(self) -> int:
            return 2 * self

    module = ModuleType("module", "What it is for.")
    drop_docstrings([Doubler, module, int])

    assert (Doubler.__doc__, module.__doc__) == (None, None)
    assert Doubler(21).doubled() == 42
    assert int.__doc__


def test_a_string_that_is_returned_is_no_docstring() -> None:
    """A function whose only text is its answer still gives it."""

    def answer() -> str:
        return "first"

    drop_docstrings([answer])

    assert answer() == "first"
