"""The kubelet's list of its pods over HTTP: one question, one answer, and what to do when there is none."""

import http.client
import socket
import ssl
from collections.abc import Iterator

from exporter.kubernetes.access import Endpoint, KubeletAccess
from exporter.kubernetes.no_answer import NoAnswer
from exporter.kubernetes.pod_list import PodList
from joulecast.clock import Clock

MOST_BYTES = 64 * 1024 * 1024  # 2,000 pods are some 20 MB
PATIENCE = 4  # times the silence that is borne: what a whole answer may take
_CHUNK = 64 * 1024

_TRUST_REMEDY = (
    "have the kubelet's certificate signed by the cluster's authority (serverTLSBootstrap: true), name its authority "
    "with --kubelet-ca, or trust whoever answers there with --kubelet-insecure"
)
_RIGHTS_REMEDY = (
    'grant the service account "get" on nodes/pods (Kubernetes 1.33 and newer) or, before that, on nodes/proxy'
)


class KubeletPods:
    """Asks one kubelet. Every question is a connection of its own, with the token and the authority of that moment."""

    def __init__(self, endpoint: Endpoint, access: KubeletAccess, clock: Clock) -> None:
        self._endpoint = endpoint
        self._access = access
        self._clock = clock

    def read(self, into: PodList) -> None:
        """Take in its pods. Raises NoAnswer; what was read until then stays in `into`."""
        where = str(self._endpoint)
        deadline = self._clock.monotonic() + PATIENCE * self._access.timeout
        connection = self._connection()
        try:
            connection.request("GET", self._endpoint.path, headers=self._headers())
            with connection.getresponse() as response:
                if response.status != http.client.OK:
                    raise _refusal(where, response.status, _first_line(response))
                into.read(self._chunks(response, deadline))
        except ssl.SSLCertVerificationError as error:
            raise NoAnswer(
                "failing", f"{where}: its certificate is not trusted ({_reason(error)})", _TRUST_REMEDY
            ) from None
        except ssl.SSLError as error:
            raise NoAnswer(
                "failing",
                f"{where} does not speak TLS as expected ({_reason(error)})",
                "check scheme and port of --kubelet",
            ) from None
        except TimeoutError:
            raise NoAnswer(
                "failing", f"{where} is silent for {self._access.timeout:g} s", "see how the kubelet of this node is"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(
                "failing", f"{where} cannot be asked ({_reason(error)})", "check --kubelet, and that the kubelet runs"
            ) from None
        except ValueError as error:
            raise NoAnswer(
                "failing",
                f"{where} answers with no list of pods ({_reason(error)})",
                "check --kubelet: is this a kubelet?",
            ) from None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        _, host, port, _ = self._endpoint
        timeout = self._access.timeout
        if self._endpoint.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls())

    def _tls(self) -> ssl.SSLContext:
        authority = self._access.ca_file
        try:
            context = ssl.create_default_context(cafile=None if authority is None else str(authority))
        except (OSError, ssl.SSLError) as error:
            raise NoAnswer(
                "failing", f"the authority {authority} cannot be read ({_reason(error)})", "check --kubelet-ca: PEM"
            ) from None
        # Python 3.13 asks for extensions that authorities of many clusters never had; Go, and so Kubernetes, does not.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not self._access.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _headers(self) -> dict[str, str]:
        """The token goes over TLS alone: a read-only port neither wants one nor keeps it secret."""
        headers = {"Accept": "application/json", "Connection": "close"}
        path = self._access.token_file
        if path is None or self._endpoint.scheme == "http":
            return headers
        try:
            token = path.read_text(encoding="ascii").strip()
        except PermissionError:
            raise NoAnswer(
                "denied", f"the token {path} may not be read", "give this user the right to read it"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise NoAnswer(
                "failing", f"the token {path} cannot be read ({_reason(error)})", "mount the service account's token"
            ) from None
        if not token or not token.isprintable():
            raise NoAnswer("failing", f"the token {path} is none", "mount the service account's token")
        return headers | {"Authorization": f"Bearer {token}"}

    def _chunks(self, response: http.client.HTTPResponse, deadline: float) -> Iterator[bytes]:
        where, total = str(self._endpoint), 0
        while chunk := response.read1(_CHUNK):
            total += len(chunk)
            if total > MOST_BYTES:
                raise NoAnswer(
                    "failing",
                    f"{where} lists more than {MOST_BYTES >> 20} MiB of pods",
                    "remove finished pods from this node",
                )
            if self._clock.monotonic() > deadline:
                raise NoAnswer("failing", f"{where} takes too long to answer", "see how the kubelet of this node is")
            yield chunk


def _refusal(where: str, status: int, said: str) -> NoAnswer:
    words = f"{where} answers {status}{f': {said}' if said else ''}"
    if status == http.client.UNAUTHORIZED:
        return NoAnswer(
            "denied",
            words,
            "show a valid token (--kubelet-token-file), and let the kubelet take it (authentication.webhook.enabled)",
        )
    if status == http.client.FORBIDDEN:
        return NoAnswer("denied", words, _RIGHTS_REMEDY)
    return NoAnswer("failing", words, "check scheme, port and path of --kubelet, and the kubelet's log")


def _first_line(response: http.client.HTTPResponse) -> str:
    """What the kubelet says of its refusal: it names who asked and for what."""
    try:
        said = response.read1(1024).decode("utf-8", "replace").strip().partition("\n")[0]
    except (OSError, http.client.HTTPException):
        return ""
    return "".join(character for character in said if character.isprintable())[:200]


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, OSError) and error.strerror and not isinstance(error, socket.gaierror):
        return error.strerror
    return str(error).partition("\n")[0][:200] or type(error).__name__
