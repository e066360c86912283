"""The compose file: open to this machine only, with options that the servers take."""

import subprocess
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from doubles.prometheus import needs_promtool

import exporter.config
import predictor.service.config

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: Mapping[str, Any] = COMPOSE["services"]
OURS = {"exporter": exporter.config, "predictor": predictor.service.config}


def test_ports() -> None:
    """Every published port is on loopback."""
    published = [port for each in SERVICES.values() for port in each["ports"]]

    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", SERVICES)
def test_hardened(name: str) -> None:
    """No service writes its root file system, has a capability or can get one."""
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", OURS)
def test_options(name: str) -> None:
    """Every variable is one that the server takes, and it listens where its ports are published from."""
    parser = ArgumentParser()
    room = OURS[name]
    room.add_arguments(parser)
    environment = {
        key: value.partition(":-")[2].rstrip("}") if "${" in value else value
        for key, value in SERVICES[name]["environment"].items()
    }
    config = room.load_config(parser.parse_args([]), environment)

    inside = {int(port.rpartition(":")[2]) for port in SERVICES[name]["ports"]}
    assert inside <= {config.listen.port, *(each.port for each in config.grpc if hasattr(each, "port"))}


@pytest.mark.parametrize("name", OURS)
def test_images_are_built_from_here(name: str) -> None:
    """What is built is a target of the Dockerfile there is, from the repository's root."""
    build = SERVICES[name]["build"]

    dockerfile = DEPLOY / build["context"] / build["dockerfile"]
    assert f" AS {build['target']}\n" in dockerfile.read_text()


def test_mounts() -> None:
    """What is mounted of the host is there or is made; of what is not ours nothing can be written."""
    mounts = [each for service in SERVICES.values() for each in service.get("volumes", ()) if isinstance(each, dict)]
    for each in mounts:
        source = Path(each["source"])
        if each["source"].startswith("."):
            assert (DEPLOY / source).resolve().is_relative_to(DEPLOY.parent)
        assert each.get("read_only") or source == Path("/run/joulecast")


@needs_promtool
def test_prometheus(tmp_path: Path) -> None:
    """Prometheus takes its configuration, and scrapes the services by the names and ports they have."""
    text = COMPOSE["configs"]["prometheus"]["content"]
    (tmp_path / "prometheus.yml").write_text(text)
    checked = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yml")], capture_output=True, text=True, check=False
    )

    assert checked.returncode == 0, checked.stderr
    for job in yaml.safe_load(text)["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            name, _, port = target.partition(":")
            assert any(each.endswith(f":{port}") for each in SERVICES[name]["ports"])
