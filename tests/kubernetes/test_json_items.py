"""Items of a list are read as they arrive, wherever the pieces are cut."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.kubernetes.json_items import MOST_CHARACTERS, items

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def in_pieces(text: str, size: int) -> Iterator[bytes]:
    """The text as a connection brings it."""
    data = text.encode()
    return (data[at : at + size] for at in range(0, len(data), size))


@given(
    st.lists(_VALUES, max_size=5),
    st.dictionaries(st.text().filter(lambda key: key != "items"), _VALUES, max_size=3),
    st.integers(1, 50),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_same_as_reading_the_whole(
    listed: list[Any], others: dict[str, Any], size: int, indent: int | None, escaped: bool
) -> None:
    """Whatever stands beside the list and wherever a piece ends, the items are those of the document."""
    text = json.dumps({**others, "items": listed, **{f"{key}!": value for key, value in others.items()}}, indent=indent)
    if not escaped:
        text = json.dumps({**others, "items": listed}, ensure_ascii=False).encode("utf-8", "replace").decode()
        listed = json.loads(text)["items"]

    assert list(items(in_pieces(text, size))) == listed


def test_null_is_an_empty_list() -> None:
    """A kubelet without pods writes null."""
    assert list(items(in_pieces('{"kind":"PodList","items":null,"metadata":{}}', 7))) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{}",
        "[]",
        "null",
        '{"kind":"PodList"}',
        '{"items":{}}',
        '{"items":[1,]}',
        '{"items":[1 2]}',
        '{"items":[1',
        '{"items":[1]',
        '{"items":[{"a":"\ud83d',
        '{"items" [1]}',
        "<html>",
        "[" * 100_000,
        '{"items":[' + "[" * 100_000,
    ],
)
def test_what_is_no_such_object_is_refused(text: str) -> None:
    """Garbage, half a document and endless nesting are a ValueError, nothing else."""
    with pytest.raises(ValueError, match=r"."):
        list(items(iter([text.encode("utf-8", "surrogatepass")])))


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_do_no_more_than_that(data: bytes) -> None:
    """Whatever comes after the start of a list, it is read or refused."""
    with suppress(ValueError):
        list(items(iter([b'{"items":[', data])))


def test_a_value_without_end_is_refused_in_time() -> None:
    """A string that never closes is given up at a limit, having read little more than that."""
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        yield b'{"items":["'
        while True:
            read += 1 << 16
            yield b"x" * (1 << 16)

    with pytest.raises(ValueError, match="larger than any pod"):
        list(items(endless()))
    assert read <= MOST_CHARACTERS + (1 << 17)
