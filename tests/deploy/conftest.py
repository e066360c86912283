"""Every deployment, rendered once for all tests."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from doubles.kustomized import COMPOSED, KUBERNETES, OVERLAYS, Manifests

Render = Callable[[str], Manifests]


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a deployment by its name, once."""

    @cache
    def rendered(name: str) -> Manifests:
        if name in COMPOSED:
            return Manifests.composed(Path(tmp_path_factory.mktemp("kustomization")), *COMPOSED[name])
        return Manifests.of(KUBERNETES / name)

    return rendered


@pytest.fixture(params=[*OVERLAYS, *COMPOSED])
def manifests(request: pytest.FixtureRequest, render: Render) -> Manifests:
    """Each deployment in turn."""
    return render(request.param)
