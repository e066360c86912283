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
    """What is mounted of the repository is there; of the host nothing can be written but the socket's directory."""
    mounts = [each for service in SERVICES.values() for each in service.get("volumes", ()) if isinstance(each, dict)]
    for each in mounts:
        if each["source"].startswith("."):
            assert (DEPLOY / each["source"]).is_dir(), each["source"]
        assert each.get("read_only") or each["source"] == "/run/joulecast"


@needs_promtool
def test_prometheus() -> None:
    """Prometheus takes its configuration, rules included, and scrapes services by the names and ports they have."""
    (flag,) = (each for each in SERVICES["prometheus"]["command"] if each.startswith("--config.file="))
    config = _on_the_host("prometheus", flag.partition("=")[2])
    checked = subprocess.run(["promtool", "check", "config", str(config)], capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stderr
    for job in yaml.safe_load(config.read_text())["scrape_configs"]:
        for target in job["static_configs"][0]["targets"]:
            assert _is_published(target)


def test_grafana() -> None:
    """Grafana finds its dashboards where it is told that they are, and asks the Prometheus there is."""
    provisioning = _on_the_host("grafana", "/etc/grafana/provisioning")
    (provider,) = yaml.safe_load(next(provisioning.glob("dashboards/*.yaml")).read_text())["providers"]
    (source,) = yaml.safe_load(next(provisioning.glob("datasources/*.yaml")).read_text())["datasources"]

    assert list(_on_the_host("grafana", provider["options"]["path"]).glob("*.json"))
    assert _is_published(source["url"].removeprefix("http://"))


def _is_published(target: str) -> bool:
    """Whether HOST:PORT is a service with that port."""
    name, _, port = target.partition(":")
    return any(each.endswith(f":{port}") for each in SERVICES[name]["ports"])


def _on_the_host(service: str, path: str) -> Path:
    """Where a file of a service lies in the repository."""
    mounts = [each for each in SERVICES[service]["volumes"] if isinstance(each, dict)]
    (mount,) = (each for each in mounts if Path(path).is_relative_to(each["target"]))
    return DEPLOY / mount["source"] / Path(path).relative_to(mount["target"])
