"""What dashboards stand on: a Prometheus data source, and a folder to be in."""

from collections.abc import Mapping
from typing import Any

from joulecast.errors import JoulecastError
from joulecast.grafana.board import Source
from joulecast.grafana.calls import Grafana, escaped
from joulecast.grafana.failure import GrafanaFailure, clean
from joulecast.grafana.outcome import Outcome, Thing

# The same that provisioning from files gives them, so that either way finds what the other made.
SOURCE_UID = "joulecast-prometheus"
SOURCE_NAME = "Joulecast Prometheus"
FOLDER_UID = "joulecast"
FOLDER_TITLE = "Joulecast"
_SOURCE_KIND = "data source"


def prometheus_at(grafana: Grafana, url: str, *, dry_run: bool) -> tuple[Source, Thing]:
    """The data source of our own, with this URL and otherwise as people set it up. Raises JoulecastError."""
    stored = _sources(grafana)
    found = next((each for each in stored if each.get("uid") == SOURCE_UID), None) or next(
        (each for each in stored if each.get("name") == SOURCE_NAME), None
    )
    if found is None:
        wanted = {
            "uid": SOURCE_UID,
            "name": SOURCE_NAME,
            "type": "prometheus",
            "access": "proxy",
            "url": url,
            "isDefault": False,
            "jsonData": {"httpMethod": "POST"},
        }
        if not dry_run:
            grafana.ask("to add a data source", lambda face: face.datasource.create_datasource(wanted))
        return Source(SOURCE_UID, SOURCE_NAME), Thing(_SOURCE_KIND, SOURCE_NAME, Outcome.CREATED, SOURCE_UID)
    source = _prometheus(found)
    shown = clean(found.get("url"))
    if str(found.get("url", "")).rstrip("/") == url:
        return source, Thing(_SOURCE_KIND, source.name, Outcome.UNCHANGED, source.uid)
    if found.get("readOnly"):
        raise JoulecastError(
            f"the data source {source.name} is provisioned from a file with {shown}, not {url}",
            "change it there, or leave --prometheus-url out",
        )
    if not dry_run:
        changed = {**found, "url": url}
        grafana.ask("to change a data source", lambda face: face.datasource.update_datasource(found.get("id"), changed))
    return source, Thing(_SOURCE_KIND, source.name, Outcome.UPDATED, source.uid, f"from {shown} to {url}")


def existing_source(grafana: Grafana, wanted: str) -> tuple[Source, Thing]:
    """The data source of this uid or, if none has it, of this name. Raises JoulecastError."""
    stored = _sources(grafana)
    for key in ("uid", "name"):
        for each in stored:
            if each.get(key) == wanted:
                source = _prometheus(each)
                return source, Thing(_SOURCE_KIND, source.name, Outcome.UNCHANGED, source.uid)
    names = ", ".join(sorted(clean(each.get("name")) for each in stored if each.get("type") == "prometheus"))
    raise JoulecastError(
        f"Grafana has no data source of the uid or name {wanted!r}",
        f"of Prometheus there are {names}" if names else "there is none of Prometheus: give --prometheus-url",
    )


def folder(grafana: Grafana, *, dry_run: bool) -> Thing:
    """The folder of our own, made if neither its uid nor its title is there. Raises GrafanaFailure."""
    found = grafana.find("to read the folder", lambda face: face.folder.get_folder(escaped(FOLDER_UID)))
    if found is None:
        folders = grafana.ask("to list the folders", lambda face: face.folder.get_all_folders(), kind=list)
        found = next((each for each in folders if isinstance(each, dict) and each.get("title") == FOLDER_TITLE), None)
    if found is not None:
        uid = found.get("uid")
        if not isinstance(uid, str) or not uid:
            raise GrafanaFailure(
                "Grafana's folder has no uid", "dashboards are pushed to Grafana 8 and later; see its version"
            )
        return Thing("folder", clean(found.get("title")) or FOLDER_TITLE, Outcome.UNCHANGED, uid)
    if not dry_run:
        grafana.ask("to add a folder", lambda face: face.folder.create_folder(FOLDER_TITLE, uid=FOLDER_UID))
    return Thing("folder", FOLDER_TITLE, Outcome.CREATED, FOLDER_UID)


def _sources(grafana: Grafana) -> list[Mapping[str, Any]]:
    listed = grafana.ask("to list the data sources", lambda face: face.datasource.list_datasources(), kind=list)
    return [each for each in listed if isinstance(each, dict)]


def _prometheus(found: Mapping[str, Any]) -> Source:
    uid, name = found.get("uid"), clean(found.get("name"))
    if found.get("type") != "prometheus" or not isinstance(uid, str) or not uid:
        raise JoulecastError(
            f"the data source {name} is no Prometheus", "name one that is with --datasource, or give --prometheus-url"
        )
    return Source(uid, name)
