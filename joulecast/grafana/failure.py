"""The ways Grafana fails or refuses, told apart by what a person would do about each."""

from typing import Any

from joulecast.errors import JoulecastError

_LONGEST = 200
_AGAIN = "run it again later; what Grafana has is not sent twice"
_TOKEN = "make a token for a service account (Administration, Service accounts) and give that with --token-file"  # noqa: S105
_ROLE = "give the token's service account the role Editor, and Admin where data sources are to be written"
_ADDRESS = "check --url, with the path below which Grafana is served if there is one"


class GrafanaFailure(JoulecastError):
    """Grafana did not do what it was asked for. `status` is HTTP's, None where nobody answered.

    `passing` is what may be over by itself: nobody answers, or Grafana is in trouble of its own.
    """

    def __init__(self, problem: str, remedy: str, *, status: int | None = None, passing: bool = False) -> None:
        super().__init__(problem, remedy)
        self.status = status
        self.passing = passing

    @property
    def everywhere(self) -> bool:
        """Whether the next thing would fail like this one."""
        return self.passing or self.status is None or self.status == 401


def refusal(status: int, said: str, what: str) -> GrafanaFailure:
    """The failure behind one of HTTP's statuses; `what` was asked for, as in "to write the folder"."""
    told = f" ({said})" if said else ""
    if status == 401:
        return GrafanaFailure(f"Grafana does not accept this token{told}", _TOKEN, status=status)
    if status == 403:
        return GrafanaFailure(f"Grafana does not allow this token {what}{told}", _ROLE, status=status)
    if status == 404:
        return GrafanaFailure(f"Grafana did not find what it takes {what}{told}", _ADDRESS, status=status)
    if status in {409, 412}:
        return GrafanaFailure(
            f"Grafana met a conflict when asked {what}{told}",
            "see who else writes there, then run it again",
            status=status,
        )
    if status == 429 or status >= 500:
        return GrafanaFailure(
            f"Grafana failed when asked {what}: status {status}{told}", _AGAIN, status=status, passing=True
        )
    return GrafanaFailure(
        f"Grafana refused {what}: status {status}{told}", "see Grafana's log for its reason", status=status
    )


def redirected(url: str, location: str) -> GrafanaFailure:
    """Something answers with another address: a login page, or https where http was asked."""
    target = clean(location.partition("?")[0]) or "nowhere"
    return GrafanaFailure(
        f"{url} sends elsewhere, to {target}, instead of answering",
        "give --url the address that Grafana itself has; a proxy's login page takes no token",
    )


def strange(url: str, status: int) -> GrafanaFailure:
    """What answers speaks another language than Grafana's API."""
    return GrafanaFailure(f"what answers at {url} (status {status}) is not Grafana's API", _ADDRESS)


def unreached(url: str, reason: str) -> GrafanaFailure:
    """Nobody answers there."""
    return GrafanaFailure(f"no Grafana answers at {url} ({reason})", f"see that it runs; {_ADDRESS}", passing=True)


def late(url: str, seconds: float) -> GrafanaFailure:
    """It was asked, and may even have done what it was asked for."""
    return GrafanaFailure(f"Grafana at {url} did not answer within {seconds:g} s", _AGAIN, passing=True)


def untrusted(url: str, reason: str) -> GrafanaFailure:
    """TLS failed; nothing was sent."""
    return GrafanaFailure(
        f"{url} does not prove who it is ({reason})", "give the certificate of its authority with --ca"
    )


def clean(said: Any, secret: str = "") -> str:
    """What Grafana says, for one line of a terminal: nothing unprintable, not endless, and never the token."""
    text = said if isinstance(said, str) else ""
    text = text.replace(secret, "...") if secret else text
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
