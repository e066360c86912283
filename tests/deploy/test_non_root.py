"""The one container that needs a capability: it gives two directories to a user without any."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.kustomized import Manifests

NEW_OWNER = 65532


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")
def test_directories_change_hands(render: Callable[[str], Manifests], tmp_path: Path) -> None:
    """With CAP_CHOWN alone, all that an exporter has left there is its successor's; what a link points to is not."""
    daemonset = render("overlays/non-root").one("DaemonSet", "joulecast-exporter")
    (container,) = daemonset["spec"]["template"]["spec"]["initContainers"]
    _, _, script = container["command"]
    places = [tmp_path / mount["mountPath"].lstrip("/") for mount in container["volumeMounts"]]
    for mount, place in zip(container["volumeMounts"], places, strict=True):
        assert f'"{mount["mountPath"]}"' in script
        script = script.replace(f'"{mount["mountPath"]}"', f'"{place}"')
        (place / "below").mkdir(parents=True)
        (place / "below" / "joulecast.db").touch()
    outside = tmp_path / "outside"
    outside.touch()
    (places[0] / "link").symlink_to(outside)
    rights = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all,+chown"]
    subprocess.run([*rights, sys.executable, "-c", script], check=True, timeout=60)

    for place in places:
        for path in (place, *place.rglob("*")):
            assert path.lstat().st_uid == path.lstat().st_gid == NEW_OWNER
    assert outside.stat().st_uid == 0
