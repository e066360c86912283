"""The shipped dashboards brought into Grafana, as often as one likes, and never over what people made of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from joulecast.dashboards import shipped
from joulecast.errors import JoulecastError
from joulecast.grafana.board import Board, Source, board_of, pushed_by_us
from joulecast.grafana.calls import Grafana, escaped
from joulecast.grafana.failure import GrafanaFailure, clean
from joulecast.grafana.foundation import FOLDER_TITLE, SOURCE_NAME, existing_source, folder, prometheus_at
from joulecast.grafana.outcome import Outcome, Thing

_KIND = "dashboard"
_EDITED = "people have edited it since it was pushed"
_NOT_OURS = "it was not pushed by joulecast"
_REPLACED = "over what people had made of it"
_FROM_A_FILE = "Grafana has it from a file, and takes changes from there only"
_THE_FILE = "renew that file, or take it out of Grafana's provisioning"
_VERSIONS = 50
_FORCE = "--force replaces it; Grafana keeps theirs among its versions"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. At most one of `prometheus_url` and `datasource`; without either, sources are left alone."""

    prometheus_url: str = ""
    datasource: str = ""
    dry_run: bool = False
    force: bool = False


def push(grafana: Grafana, order: Order, texts: Mapping[str, str] | None = None) -> Iterator[Thing]:
    """Tell each thing as soon as it is settled; what fails is told too, and what was then not tried."""
    texts = shipped() if texts is None else texts
    if not texts:
        raise JoulecastError("this installation has no dashboards", "install joulecast from its wheel again")
    steps = _steps(grafana, order, texts)
    left = [*_names(order, texts)]
    try:
        for thing in steps:
            left.pop(0)
            yield thing
    except JoulecastError as failure:
        yield _failed(*left.pop(0), failure)
        yield from (Thing(kind, name, Outcome.NOT_TRIED) for kind, name in left)


def _names(order: Order, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if order.prometheus_url or order.datasource:
        yield "data source", order.datasource or SOURCE_NAME
    yield "folder", FOLDER_TITLE
    yield from ((_KIND, board_of(name, text, None, None).title) for name, text in texts.items())


def _steps(grafana: Grafana, order: Order, texts: Mapping[str, str]) -> Iterator[Thing]:
    source: Source | None = None
    if order.prometheus_url:
        source, thing = prometheus_at(grafana, order.prometheus_url, dry_run=order.dry_run)
        yield thing
    elif order.datasource:
        source, thing = existing_source(grafana, order.datasource)
        yield thing
    room = folder(grafana, dry_run=order.dry_run)
    yield room
    shelf = _Shelf(grafana, order, source, room.uid)
    for name, text in texts.items():
        try:
            yield shelf.settle(name, text)
        except GrafanaFailure as failure:
            if failure.everywhere:
                raise
            board = board_of(name, text, None, None)
            yield _failed(_KIND, board.title, failure, board.uid)


class _Shelf:
    """The dashboards in Grafana, new ones in this folder, all with this data source where one was asked for."""

    def __init__(self, grafana: Grafana, order: Order, source: Source | None, folder_uid: str) -> None:
        self._grafana = grafana
        self._order = order
        self._source = source
        self._folder_uid = folder_uid

    def settle(self, name: str, text: str) -> Thing:
        """Create, update or leave one dashboard. Raises GrafanaFailure."""
        board = board_of(name, text, self._source, None)
        found = self._grafana.find(
            f"to read the dashboard {board.title}", lambda face: face.dashboard.get_dashboard(escaped(board.uid))
        )
        if found is None:
            self._save(board, {"id": None}, self._folder_uid)
            return Thing(_KIND, board.title, Outcome.CREATED, board.uid)
        stored, about = found.get("dashboard"), found.get("meta")
        if not isinstance(stored, dict) or not isinstance(about, dict):
            raise GrafanaFailure(f"Grafana's answer for {board.title} holds no dashboard", "see its version and log")
        return self._settle_beside(board_of(name, text, self._source, stored), stored, about)

    def _settle_beside(self, board: Board, stored: Mapping[str, Any], about: Mapping[str, Any]) -> Thing:
        unchanged = Thing(_KIND, board.title, Outcome.UNCHANGED, board.uid)
        if board.equals(stored):
            return unchanged
        if about.get("provisioned"):
            return Thing(_KIND, board.title, Outcome.KEPT, board.uid, _FROM_A_FILE, _THE_FILE)
        versions = self._versions(board)
        message = versions[0] if versions else ""
        if board.wrote(message):
            return unchanged  # Grafana keeps it in a form of its own; nobody has touched it
        theirs = not pushed_by_us(message)
        if theirs and not self._order.force:
            whose = _EDITED if any(map(pushed_by_us, versions)) else _NOT_OURS
            return Thing(_KIND, board.title, Outcome.KEPT, board.uid, whose, _FORCE)
        # Where people have moved it, it stays.
        where = about.get("folderUid")
        numbering = {"id": stored.get("id"), "version": stored.get("version")}
        self._save(board, numbering, where if isinstance(where, str) else self._folder_uid)
        return Thing(_KIND, board.title, Outcome.UPDATED, board.uid, _REPLACED if theirs else "")

    def _save(self, board: Board, numbering: Mapping[str, Any], folder_uid: str) -> None:
        if self._order.dry_run:
            return
        body = {
            "dashboard": {**board.model, **numbering},
            "folderUid": folder_uid,
            "message": board.message,
            # By the version, Grafana refuses to go over what somebody saved since it was read.
            "overwrite": False,
        }
        self._grafana.ask(f"to save the dashboard {board.title}", lambda face: face.dashboard.update_dashboard(body))

    def _versions(self, board: Board) -> list[str]:
        """What is written beside each version, newest first: a list in older Grafanas, inside an object in newer."""
        path = f"/dashboards/uid/{escaped(board.uid)}/versions?limit={_VERSIONS}"
        answer = self._grafana.ask(
            f"to read the versions of {board.title}", lambda face: face.api.GET(path), kind=object
        )
        listed = answer.get("versions") if isinstance(answer, dict) else answer
        rows = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        rows.sort(key=lambda row: row["version"] if isinstance(row.get("version"), int) else 0, reverse=True)
        return [str(row.get("message") or "") for row in rows]


def _failed(kind: str, name: str, failure: JoulecastError, uid: str = "") -> Thing:
    return Thing(kind, clean(name), Outcome.FAILED, uid, failure.problem, failure.remedy)
