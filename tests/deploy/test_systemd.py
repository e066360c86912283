"""The systemd unit and what is installed beside it, judged by systemd itself."""

import configparser
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from doubles.sysfs import PowercapTree

from exporter.config import RUN_DIRECTORY, SYSTEM_STATE

SYSTEMD = Path(__file__).parents[2] / "deploy" / "systemd"
UNIT = SYSTEMD / "joulecast-exporter.service"
COMMAND = Path(sys.executable).with_name("joulecast")
MOST_EXPOSED = 2.0  # of 10, by systemd's own reckoning; a unit that says nothing has 9.6

needs_analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@needs_analyze
def test_unit(tmp_path: Path) -> None:
    """Systemd finds nothing to say about the unit: no unknown setting, no value it does not take."""
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={COMMAND}", UNIT.read_text(), flags=re.MULTILINE))
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False, timeout=60
    )

    assert [line for line in said.stderr.splitlines() if unit.name in line] == []
    assert said.returncode == 0


@needs_analyze
def test_exposure() -> None:
    """What the service may do is little, as systemd reckons it."""
    command = ["systemd-analyze", "security", "--offline=true", str(UNIT)]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "unrecognized option" in said.stderr:
        pytest.skip("this systemd judges running units only")
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)

    assert exposure, said.stderr
    assert float(exposure[1]) < MOST_EXPOSED


def test_directories() -> None:
    """The directories that systemd makes are those that the exporter takes by itself."""
    service = _service()

    assert Path("/var/lib", service["StateDirectory"]) == SYSTEM_STATE
    assert Path("/run", service["RuntimeDirectory"]) == RUN_DIRECTORY


def test_group() -> None:
    """The rules let in the group that the service runs as, which is made beforehand."""
    group = _service()["Group"]

    assert re.search(rf"^u {group} ", (SYSTEMD / "joulecast.sysusers").read_text(), flags=re.MULTILINE)
    assert f"0440 root {group} " in (SYSTEMD / "joulecast.tmpfiles").read_text()
    assert f"chgrp {group} " in (SYSTEMD / "60-joulecast.rules").read_text()


def test_counters_are_opened_to_the_group(tmp_path: Path) -> None:
    """Of a host's RAPL zones, subzones and MMIO twins included, the rule gives the group the counters alone."""
    if os.geteuid() != 0 or not (shutil.which("systemd-tmpfiles") and shutil.which("unshare")):
        pytest.skip("needs root, systemd-tmpfiles and unshare")
    tree = PowercapTree.server(tmp_path / "sys", mmio=True)
    counters = list(tree.sysfs.glob("devices/**/energy_uj"))
    names = list(tree.sysfs.glob("devices/**/name"))
    for counter in counters:
        counter.chmod(0o400)
    before = [each.stat().st_mode for each in names]
    script = 'for each in class devices; do mount --bind "$1/$each" "/sys/$each"; done; systemd-tmpfiles --create "$2"'
    rule = SYSTEMD / "kubernetes-node.tmpfiles"
    command = ["unshare", "--mount", "sh", "-ec", script, "rules", str(tree.sysfs), str(rule)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)

    assert len(counters) == 6
    for counter in counters:
        found = counter.stat()
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o440, 0, 65532)
    assert [each.stat().st_mode for each in names] == before


def _service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # keys as they are written
    parser.read(UNIT)
    return parser["Service"]
