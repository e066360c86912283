"""One response of the HTTP door: made of text, packed where the client takes that, left out where it has it already."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from http import HTTPStatus

from prometheus_client.exposition import gzip_accepted

_TEXT = "text/plain; charset=utf-8"
_WORTH_PACKING = 1000  # bytes; smaller bodies fit one packet anyway
_PACKING_LEVEL = 4  # nearly as small as the default for two thirds of its time


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, without the connection it goes out on."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def plain(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """One line of text."""
    return Answer(status, _TEXT, f"{text}\n".encode("utf-8", "replace"), headers or {})


def tagged(answer: Answer, if_none_match: str) -> Answer:
    """The answer under a tag of its content; nothing but the tag for a client that has it."""
    digest = f'"{blake2b(answer.body, digest_size=9).hexdigest()}"'
    headers = {**answer.headers, "ETag": f"W/{digest}"}  # weak: packed and plain are the same to its reader
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    if digest in known:
        return Answer(HTTPStatus.NOT_MODIFIED, answer.content_type, b"", headers)
    return replace(answer, headers=headers)


def packed(answer: Answer, accept_encoding: str) -> Answer:
    """The answer, gzipped where that is worth it and taken."""
    headers = {**answer.headers, "Vary": "Accept, Accept-Encoding"}
    body = answer.body
    if len(body) >= _WORTH_PACKING and gzip_accepted(accept_encoding):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, _PACKING_LEVEL)
    return Answer(answer.status, answer.content_type, body, headers)
