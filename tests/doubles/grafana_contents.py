"""What a Grafana keeps, and refuses as the real one does, by the methods and paths of its HTTP API.

Kept to what Grafana 8 to 12 do: a save with another version than the stored one is refused (412), so is a second title
in one folder; what comes from files is not saved at all; tags are trimmed, limited to 100 characters each and to 500
bytes of JSON together; annotations are found by all of the tags that are asked for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TAG_BYTES = 500
_TAG_CHARACTERS = 100


@dataclass(slots=True)
class Stored:
    """One dashboard, all its versions' messages, newest last."""

    model: dict[str, Any]
    folder: str
    messages: list[str] = field(default_factory=list)
    provisioned: bool = False


class Refusal(Exception):
    """A status and Grafana's own words."""

    def __init__(self, code: int, message: str, **more: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.body = {"message": message, **more}


class GrafanaContents:
    """Data sources, folders, dashboards and annotations. Tests read and change what it keeps.

    `newest` makes it one that keeps dashboards in a newer schema than they came in and wraps their versions.
    """

    def __init__(self, *, newest: bool = False) -> None:
        self.datasources: list[dict[str, Any]] = []
        self.folders: dict[str, str] = {}
        self.dashboards: dict[str, Stored] = {}
        self.annotations: list[dict[str, Any]] = []
        self.blind = False  # annotations are taken, and not shown to this token
        self._newest = newest
        self._ids = 0

    def edit(self, uid: str, message: str = "", **changes: Any) -> None:
        """Save a dashboard as a person does in the browser."""
        stored = self.dashboards[uid]
        stored.model = {**stored.model, **changes, "version": stored.model["version"] + 1}
        stored.messages.append(message)

    def asked(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> Any:
        """The answer to one request below /api. Raises Refusal."""
        room, _, rest = path.strip("/").partition("/")
        call = getattr(self, f"_{method.lower()}_{room}", None)
        if call is None:
            raise Refusal(404, "Not found")
        return call(rest, query, body)

    def _get_datasources(self, _rest: str, _query: Any, _body: Any) -> Any:
        return self.datasources

    def _post_datasources(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        if any(body["name"] == each["name"] for each in self.datasources):
            raise Refusal(409, "data source with the same name already exists")
        self.datasources.append({**body, "id": self._next(), "readOnly": False})
        return {"message": "Datasource added", "datasource": self.datasources[-1]}

    def _put_datasources(self, rest: str, _query: Any, body: dict[str, Any]) -> Any:
        for number, each in enumerate(self.datasources):
            if str(each["id"]) == rest:
                self.datasources[number] = {**body, "id": each["id"]}
                return {"message": "Datasource updated"}
        raise Refusal(404, "Data source not found")

    def _get_folders(self, rest: str, _query: Any, _body: Any) -> Any:
        if not rest:
            return [
                {"id": number, "uid": uid, "title": title} for number, (uid, title) in enumerate(self.folders.items())
            ]
        if rest not in self.folders:
            raise Refusal(404, "folder not found", status="not-found")
        return {"id": 1, "uid": rest, "title": self.folders[rest]}

    def _post_folders(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        if body["uid"] in self.folders:
            raise Refusal(409, "a folder with the same uid already exists")
        self.folders[body["uid"]] = body["title"]
        return {"id": self._next(), **body}

    def _get_dashboards(self, rest: str, query: Mapping[str, list[str]], _body: Any) -> Any:
        _, uid, *more = rest.split("/")
        if uid not in self.dashboards:
            raise Refusal(404, "Dashboard not found")
        stored = self.dashboards[uid]
        if more != ["versions"]:
            about = {"folderUid": stored.folder, "provisioned": stored.provisioned, "version": stored.model["version"]}
            return {"dashboard": stored.model, "meta": about}
        rows = [
            {"version": number, "message": message, "createdBy": "admin"}
            for number, message in enumerate(stored.messages, 1)
        ]
        rows = rows[::-1][: int(query["limit"][0])]
        return {"continueToken": "", "versions": rows} if self._newest else rows

    def _post_dashboards(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        model, folder = body["dashboard"], body.get("folderUid", "")
        if folder and folder not in self.folders:
            raise Refusal(400, "folder not found", status="bad-request")
        stored = self.dashboards.get(model["uid"])
        if stored is not None and stored.provisioned:
            raise Refusal(400, "Cannot save provisioned dashboard")
        if stored is not None and not body["overwrite"] and model.get("version") != stored.model["version"]:
            raise Refusal(412, "The dashboard has been changed by someone else", status="version-mismatch")
        for uid, other in self.dashboards.items():
            if uid != model["uid"] and (other.model["title"], other.folder) == (model["title"], folder):
                raise Refusal(412, "A dashboard with the same name in the folder already exists", status="name-exists")
        kept = stored or Stored({"id": self._next(), "version": 0}, folder)
        numbering = {"id": kept.model["id"], "version": kept.model["version"] + 1}
        kept.model = {**model, **numbering, **({"schemaVersion": 42, "preload": False} if self._newest else {})}
        kept.folder = folder
        kept.messages.append(body.get("message", ""))
        self.dashboards[model["uid"]] = kept
        return {"status": "success", "uid": model["uid"], "url": f"/d/{model['uid']}/x", **numbering}

    def _get_annotations(self, _rest: str, query: Mapping[str, list[str]], _body: Any) -> Any:
        wanted = set(query.get("tags", ()))
        found = [each for each in self.annotations if wanted <= set(each["tags"])]
        return [] if self.blind else found[::-1][: int(query.get("limit", ["100"])[0])]

    def _post_annotations(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        if not body["text"]:
            raise Refusal(400, "text field should not be empty")
        tags = [tag.strip() for tag in body["tags"]]
        # Go's encoder writes these three as six characters each.
        size = len(json.dumps(tags, ensure_ascii=False, separators=(",", ":")).encode())
        size += 5 * sum(tag.count(char) for tag in tags for char in "<>&")
        if size > _TAG_BYTES:
            raise Refusal(400, f"tags length exceeds the maximum allowed: {size}")
        if any(len(part) > _TAG_CHARACTERS for tag in tags for part in tag.split(":", 1)):
            raise Refusal(500, "Failed to save annotation")
        self.annotations.append({**body, "id": self._next(), "tags": tags, "dashboardId": body["dashboardId"] or 0})
        return {"message": "Annotation added", "id": self._ids}

    def _next(self) -> int:
        self._ids += 1
        return self._ids
