"""Addresses as people write them."""

import pytest

from exporter.metrics.listen import Listen
from joulecast.errors import JoulecastError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9877", "127.0.0.1", 9877),
        ("node-7.cluster:80", "node-7.cluster", 80),
        ("[::1]:9877", "::1", 9877),
        (":9877", "", 9877),
        ("localhost:0", "localhost", 0),
    ],
)
def test_address_is_read_and_written_back(text: str, host: str, port: int) -> None:
    """Each way of writing an address gives its host and port, and is written as it was read."""
    listen = Listen.parse(text)
    assert listen == (host, port)
    assert str(listen) == text


@pytest.mark.parametrize("text", ["", "9877", "localhost", "localhost:", "::1:9877", "host:65536", "host:-1", "host:٣"])
def test_text_that_is_no_address_is_refused_with_an_example(text: str) -> None:
    """A wrong address is answered by how to write one."""
    with pytest.raises(JoulecastError, match=r"127\.0\.0\.1:9877"):
        Listen.parse(text)
