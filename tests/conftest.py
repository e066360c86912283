"""The order of the tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories come first: most of their time is waiting, in which other workers compute."""
    items.sort(key=lambda item: "story" not in item.path.parts)
