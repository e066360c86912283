"""Where a Grafana is, and what opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from joulecast.errors import JoulecastError

URL_VARIABLE = "JOULECAST_GRAFANA_URL"
TOKEN_VARIABLE = "JOULECAST_GRAFANA_TOKEN"  # noqa: S105 - the name of the variable that holds it
_REMEDY = "write it as https://grafana.example.org or https://example.org/grafana"


@dataclass(frozen=True, slots=True)
class Place:
    """A URL in the parts that grafana-api takes. `private` means that nothing sent to it leaves this machine."""

    protocol: str
    host: str
    port: int | None
    prefix: str  # "" or "path/to/"

    @property
    def url(self) -> str:
        """The address as a person writes it, without a slash at its end."""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.protocol}://{self.host}{port}/{self.prefix}".rstrip("/")

    @property
    def private(self) -> bool:
        """Whether it is on this very machine."""
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"


def place_of(text: str) -> Place:
    """Read `https://host[:port][/path]`. Raises JoulecastError."""
    web_address(text, "Grafana's URL")
    parts = urlsplit(text)
    host = parts.hostname or ""
    prefix = parts.path.strip("/")
    return Place(parts.scheme, f"[{host}]" if ":" in host else host, parts.port, f"{prefix}/" if prefix else "")


def web_address(text: str, what: str) -> str:
    """An http or https URL without its trailing slash, and with no password in it. Raises JoulecastError."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not text.isprintable() or " " in text:
        raise JoulecastError(f"{what} {_without_password(text)!r} is none", _REMEDY)
    if parts.username is not None or parts.password is not None:
        raise JoulecastError(f"{what} holds a user or a password", "leave it out: it would be shown and stored")
    if parts.query or parts.fragment:
        raise JoulecastError(f"{what} {text!r} holds more than an address", _REMEDY)
    return text.rstrip("/")


def token_from(file: Path | None, environ: Mapping[str, str]) -> str:
    """The token from its file, else from JOULECAST_GRAFANA_TOKEN. Raises JoulecastError, never with the token in it."""
    source = str(file) if file is not None else TOKEN_VARIABLE
    try:
        text = environ.get(TOKEN_VARIABLE, "") if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise JoulecastError(f"{source} cannot be read ({reason})", "check --token-file and its permissions") from None
    token = text.strip()
    if not token:
        raise JoulecastError(
            "no token for Grafana" if file is None else f"{source} is empty",
            f"make one for a service account and put it into a file for --token-file, or into {TOKEN_VARIABLE}",
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise JoulecastError(f"the token in {source} holds what no token does", "see that it is the token and no more")
    return token


def _without_password(text: str) -> str:
    return f"...@{text.rpartition('@')[2]}" if "@" in text else text
