"""One Grafana as grafana-api reaches it, with its failures told as a person needs them."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from grafana_api.grafana_api import GrafanaException
from grafana_api.grafana_face import GrafanaFace
from urllib3.exceptions import HTTPError

from joulecast.errors import JoulecastError
from joulecast.grafana.failure import GrafanaFailure, clean, late, redirected, refusal, strange, unreached, untrusted
from joulecast.grafana.place import Place

TIMEOUT = 10.0


class Grafana:
    """Calls to one Grafana with one token. TLS is verified, by `authority` (PEM) where that is given.

    The token never crosses a network in the clear unless `in_the_clear` says that it may. Raises JoulecastError.
    """

    def __init__(
        self,
        place: Place,
        token: str,
        *,
        authority: Path | None = None,
        timeout: float = TIMEOUT,
        in_the_clear: bool = False,
    ) -> None:
        if place.protocol == "http" and not place.private and not in_the_clear:
            raise JoulecastError(
                f"the token would cross the network in the clear to {place.url}",
                "write https://, or say --allow-http where nobody else listens",
            )
        self.url = place.url
        self._token = token
        self._timeout = timeout
        self._asked = ""
        self._face = GrafanaFace(
            token,
            host=place.host,
            port=place.port,
            url_path_prefix=place.prefix,
            protocol=place.protocol,
            verify=True if authority is None else _trusted(authority),
            timeout=timeout,
        )
        # What stays on this machine goes through no proxy, which would be another one.
        self._face.api.s.trust_env = not place.private
        self._face.api.s.hooks["response"].append(self._heard)

    def ask(self, what: str, call: Callable[[Any], Any], *, kind: type = dict) -> Any:
        """The answer to `call(face)`, which is a `kind`; `what` completes "Grafana refused ...". Raises GrafanaFailure.

        >>> grafana.ask("to read the folder", lambda face: face.folder.get_folder("joulecast"))  # doctest: +SKIP
        {'uid': 'joulecast', 'title': 'Joulecast'}
        """
        self._asked = what
        try:
            answer = call(self._face)
        except GrafanaException as refused:
            said = refused.response.get("message") if isinstance(refused.response, dict) else ""
            raise refusal(refused.status_code, clean(said, self._token), what) from None
        except requests.exceptions.SSLError as error:
            raise untrusted(self.url, _reason(error)) from None
        except requests.exceptions.Timeout:
            raise late(self.url, self._timeout) from None
        except (requests.exceptions.RequestException, HTTPError) as error:  # requests lets some of urllib3's through
            raise unreached(self.url, _reason(error)) from None
        if not isinstance(answer, kind):
            raise strange(self.url, 200)
        return answer

    def find(self, what: str, call: Callable[[Any], Any], *, kind: type = dict) -> Any | None:
        """As `ask`, but None where Grafana has no such thing."""
        try:
            return self.ask(what, call, kind=kind)
        except GrafanaFailure as failure:
            if failure.status == 404:
                return None
            raise

    def _heard(self, response: requests.Response, **_: Any) -> None:
        """Stop what grafana-api would stumble over: redirects, and errors that are no JSON object."""
        if 300 <= response.status_code < 400:
            raise redirected(self.url, response.headers.get("Location", ""))
        try:
            body = response.json()
        except (ValueError, RecursionError):  # no JSON, or nested without an end
            body = None
        if response.status_code < 400:
            if body is None:
                raise strange(self.url, response.status_code)
            return
        if not isinstance(body, dict):
            status = response.status_code
            # A 404 of Grafana's own is JSON; any other says that nothing of Grafana is here.
            raise strange(self.url, status) if status == 404 else refusal(status, "", self._asked)


def escaped(text: str) -> str:
    """Text as one part of a path or a query: grafana-api puts it there as it is."""
    return quote(text, safe="")


def _trusted(authority: Path) -> str:
    """A file of certificates that can be used as such."""
    try:
        ssl.create_default_context(cafile=str(authority))
    except ssl.SSLError:
        raise JoulecastError(f"{authority} holds no certificate", "give --ca a file in PEM format") from None
    except OSError as error:
        raise JoulecastError(f"{authority} cannot be read ({error.strerror})", "check --ca") from None
    return str(authority)


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words: requests wraps urllib3's errors, which wrap the system's."""
    text, seen = "", error
    while True:
        told = getattr(seen, "strerror", None) or getattr(seen, "verify_message", None)
        text = told or (str(seen) if isinstance(seen, ConnectionError) else "") or text
        inner = [part for part in (*seen.args, getattr(seen, "reason", None)) if isinstance(part, BaseException)]
        if not inner and (cause := seen.__cause__ or seen.__context__) is not None:
            inner = [cause]
        if not inner:
            return clean(text) or type(error).__name__
        seen = inner[0]
