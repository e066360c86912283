"""The files a browser loads beside the page. Their address holds a digest of them all, so they may be kept forever."""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.resources import files

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@cache
def resources() -> Mapping[str, tuple[str, bytes]]:
    """Content type and content of each file, by its name."""
    found = {}
    for file in sorted(files("exporter.metrics.page").joinpath("static").iterdir(), key=lambda file: file.name):
        content_type = _TYPES.get(file.name.rpartition(".")[2])
        if content_type is not None:
            found[file.name] = (content_type, file.read_bytes())
    return found


@cache
def build() -> str:
    """The digest of all files together: another one means another version of the page."""
    digest = blake2b(digest_size=6)
    for name, (_, content) in resources().items():
        digest.update(name.encode() + b"\0" + content)
    return digest.hexdigest()


def address(name: str) -> str:
    """Where the page finds a file: relative, so that a proxy may serve the page under a path of its own."""
    if name not in resources():
        raise LookupError(name)
    return f"page/{build()}/{name}"
