"""One HTTP request with everything of its response, errors included."""

import http.client
import ssl
from collections.abc import Mapping
from typing import NamedTuple

from joulecast.serving.address import TcpAddress


class Response(NamedTuple):
    """A response as it came over the wire, still packed if it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


def request(
    address: TcpAddress,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Response:
    """Ask `address` for `path` on a connection of its own."""
    if tls is None:
        connection = http.client.HTTPConnection(*address, timeout=30)
    else:
        connection = http.client.HTTPSConnection(*address, timeout=30, context=tls)
    try:
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        return Response(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()
