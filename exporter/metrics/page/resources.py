"""The files a browser loads beside the page. Their address holds a digest of them all, so they may be kept forever."""

from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from importlib.resources import files

STYLESHEET = "style.css"
"""All style sheets as one: a browser waits for each before it paints."""

_STYLES = ("page.css", "figures.css", "tables.css")  # later ones have the last word
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@cache
def resources() -> Mapping[str, tuple[str, bytes]]:
    """Content type and content of each file, by its name."""
    directory = files("exporter.metrics.page").joinpath("static")
    found = {STYLESHEET: b"".join(directory.joinpath(name).read_bytes() for name in _STYLES)}
    for file in sorted(directory.iterdir(), key=lambda file: file.name):
        if _suffix(file.name) in {"js", "svg"}:
            found[file.name] = file.read_bytes()
    return {name: (_TYPES[_suffix(name)], content) for name, content in found.items()}


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


def _suffix(name: str) -> str:
    return name.rpartition(".")[2]
