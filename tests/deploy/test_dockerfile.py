"""The Dockerfile, as far as it can be judged without building it; `pytest -m image` builds it."""

import json
import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = (REPOSITORY / "deploy" / "Dockerfile").read_text()


def _last(instruction: str, stage: str) -> str:
    """What an instruction of a stage says, its continuation lines joined."""
    body = re.split(r"^FROM .+ AS (\S+)\n", DOCKERFILE.replace("\\\n", ""), flags=re.MULTILINE)
    stages = dict(zip(body[1::2], body[2::2], strict=True))
    return re.findall(rf"^{instruction}\s+(.*)$", stages[stage], flags=re.MULTILINE)[-1]


def test_context() -> None:
    """Everything that is copied into the images is let into the build, and nothing but that."""
    copied = set(re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE))
    admitted = re.findall(r"^!(\S+)$", (REPOSITORY / ".dockerignore").read_text(), flags=re.MULTILINE)

    assert sorted(name for line in copied for name in line.split()) == sorted(admitted)
    assert all((REPOSITORY / name).exists() for name in admitted)


def test_wheel() -> None:
    """Everything that the wheel is made of is in the build."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    made_of = {*wheel["packages"], *wheel.get("force-include", ()), project["project"]["readme"], "pyproject.toml"}
    admitted = set(re.findall(r"^!(\S+)$", (REPOSITORY / ".dockerignore").read_text(), flags=re.MULTILINE))

    assert made_of | set(project["project"]["license-files"]) <= admitted


def test_nothing_runs_in_a_shell() -> None:
    """Entry point, command and health check are lists, so that an image without a shell can run them."""
    assert json.loads(_last("ENTRYPOINT", "runtime")) == ["joulecast"]
    for stage in ("exporter", "predictor"):
        assert json.loads(_last("CMD", stage)) == [stage]
        health = json.loads(_last("HEALTHCHECK", stage).partition("CMD ")[2])
        assert health[:2] == ["python", "-c"]
        compile(health[2], "HEALTHCHECK", "exec")


def test_user() -> None:
    """Images run as a user by number, which is not root's; so an orchestrator can see that it is not."""
    assert _last("USER", "runtime") == "65532:65532"
    assert "FROM runtime AS exporter" in DOCKERFILE
    assert "FROM runtime AS predictor" in DOCKERFILE
