"""Where the exporter is looked for."""

from pathlib import Path

import pytest

from joulecast.client.address import DEFAULT_TCP, Address, chosen_address, parse_address
from joulecast.client.failure import Misconfigured


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "unix:///run/joulecast/joulecast.sock",
            Address("unix:/run/joulecast/joulecast.sock", private=True, unix=True),
        ),
        ("unix:/run/s", Address("unix:/run/s", private=True, unix=True)),
        ("unix:relative.sock", Address("unix:relative.sock", private=True, unix=True)),
        ("127.0.0.1:9878", Address("127.0.0.1:9878", private=True)),
        ("localhost:9878", Address("localhost:9878", private=True)),
        ("[::1]:9878", Address("[::1]:9878", private=True)),
        ("gpu-node-7:9878", Address("gpu-node-7:9878", private=False)),
        ("10.0.0.7:9878", Address("10.0.0.7:9878", private=False)),
    ],
)
def test_addresses_are_read(text: str, expected: Address) -> None:
    """Sockets and TCP endpoints are told apart, and so is what stays on this machine."""
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "host", "host:", ":9878", "host:0", "host:65536", "host:x", "::1:9878", "unix://", "http://h:1"]
)
def test_what_is_no_address_says_how_one_is_written(text: str) -> None:
    """Every kind of wrong address names itself and the remedy."""
    with pytest.raises(Misconfigured, match="write") as error:
        parse_address(text)

    assert repr(text) in error.value.problem


def test_argument_environment_socket_and_port_in_that_order(tmp_path: Path) -> None:
    """The nearest word counts; without any, this machine's socket, and without that its port."""
    socket = tmp_path / "s"
    environ = {"JOULECAST_ADDRESS": "env:1"}

    assert chosen_address("arg:1", environ, socket) == "arg:1"
    assert chosen_address(None, environ, socket) == "env:1"
    assert chosen_address(None, {}, socket) == DEFAULT_TCP
    socket.touch()
    assert chosen_address(None, {}, socket) == f"unix://{socket}"
