"""The real images, built by buildah, and their commands run as a container runtime would, without one.

Needs root, buildah, and either a registry for the base image or debootstrap for a stand-in of it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
BASE = "docker.io/library/python:3.13-slim"
_PACKAGES = "python3-minimal,python3-venv,ca-certificates"


class ImageStore:
    """A store of its own for images, in a directory that may be thrown away."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._buildah = ("buildah", "--root", f"{directory}/store", "--runroot", f"{directory}/run")
        self._options = ("--storage-driver", "vfs")

    def provide_base(self) -> None:
        """Have the base image: from its registry or, where that cannot be reached, made of Debian's packages.

        Skips without either.
        """
        if self._run("pull", "--quiet", BASE, check=False, seconds=120).returncode == 0:
            return
        if shutil.which("debootstrap") is None:
            pytest.skip(f"{BASE} cannot be pulled, and there is no debootstrap to make a stand-in")
        root = self._directory / "debian"
        command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "stable", str(root)]
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        (root / "usr/bin/python").symlink_to("python3")
        trusted = Path("/etc/ssl/certs/ca-certificates.crt")
        shutil.copy(trusted, root / trusted.relative_to("/"))  # a mirror's authority may be among them
        (self._directory / "Containerfile").write_text("FROM scratch\nCOPY debian /\n")
        self._build("Containerfile", BASE, self._directory)

    def build(self, target: str, version: str) -> "Image":
        """Build one target of deploy/Dockerfile."""
        name = f"localhost/joulecast-{target}"
        arguments = ("--target", target, "--build-arg", f"VERSION={version}")
        self._build("deploy/Dockerfile", name, REPOSITORY, "--pull-never", "--network", "host", *arguments)
        container = self._run("from", "--pull-never", name).stdout.strip()
        root = Path(self._run("mount", container).stdout.strip())
        return Image(root, json.loads(self._run("inspect", "--type", "image", name).stdout)["Docker"]["config"])

    def refuses(self, target: str, version: str) -> bool:
        """Whether a build of that version fails."""
        arguments = ("--target", target, "--build-arg", f"VERSION={version}", "--pull-never", "--isolation", "chroot")
        command = ("bud", "--quiet", "-f", str(REPOSITORY / "deploy/Dockerfile"), *arguments, str(REPOSITORY))
        return self._run(*command, check=False).returncode != 0

    def _build(self, file: str, name: str, context: Path, *arguments: str) -> None:
        place = ("-f", str(context / file), "-t", name)
        self._run("bud", "--quiet", "--format", "docker", "--isolation", "chroot", *place, *arguments, str(context))

    def _run(
        self, command: str, *arguments: str, check: bool = True, seconds: float = 600
    ) -> subprocess.CompletedProcess[str]:
        words = [*self._buildah, *self._options, command, *arguments]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False)
        assert not check or ended.returncode == 0, ended.stderr
        return ended


@dataclass(frozen=True, slots=True)
class Image:
    """A built image: its files below `root`, and what it says of itself."""

    root: Path
    config: Mapping[str, Any]

    def start(
        self,
        command: Sequence[str],
        *,
        user: int,
        mounts: Mapping[str, Path],
        writable: Mapping[str, Path],
        environment: Mapping[str, str],
        log: Path,
    ) -> subprocess.Popen[bytes]:
        """Run a command in the image with a read-only root, no capability and no way to get one, as `user`.

        `mounts` are read-only; the network is this machine's.
        """
        lines = ['mount --rbind "$ROOT" "$ROOT"']
        for option, each in (("ro", mounts), ("rw", writable)):
            for place, source in each.items():
                target = f"{self.root}{place}"
                Path(target).mkdir(parents=True, exist_ok=True)  # as a runtime makes it before it mounts
                lines.append(f"mount --bind '{source}' '{target}' && mount -o remount,bind,{option} '{target}'")
        lines.append('mount -t proc proc "$ROOT/proc" && mount -o remount,bind,ro "$ROOT"')
        identity = f"--reuid {user} --regid {user} --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"
        lines.append(f'exec /usr/sbin/chroot "$ROOT" setpriv {identity} "$@"')
        own = dict(each.split("=", 1) for each in self.config["Env"])
        with log.open("ab") as out:
            return subprocess.Popen(
                ["unshare", "--mount", "sh", "-ec", "\n".join(lines), "container", *command],
                env={**own, **environment, "ROOT": str(self.root)},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def size_of(self, *below: str) -> int:
        """Bytes of the files below a directory of the image."""
        top = self.root.joinpath(*below)
        files = (os.lstat(Path(place) / name) for place, _, names in os.walk(top) for name in names)
        return sum(each.st_size for each in files)
