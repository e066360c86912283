"""The guides name what there is."""

import re
from pathlib import Path

import pytest
from doubles.kustomized import KUBERNETES

REPOSITORY = Path(__file__).parents[2]
GUIDES = [REPOSITORY / "docs" / name for name in ("deploy.md", "kubernetes.md")]


def test_overlays_and_components() -> None:
    """Every overlay and component has its line, and no line is about one that is gone."""
    guide = (REPOSITORY / "docs" / "kubernetes.md").read_text()
    named = {
        "overlays": set(re.findall(r"^\| `overlays/([\w-]+)` ", guide, flags=re.MULTILINE)),
        "components": set(
            re.findall(r"^\| `([\w-]+)` \|", guide.split("## Components")[1].split("\n## ")[0], flags=re.MULTILINE)
        ),
    }

    assert named == {kind: {each.name for each in (KUBERNETES / kind).iterdir()} for kind in named}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_files(guide: Path) -> None:
    """Every file of deploy/ that a guide names is there, and every link leads somewhere."""
    text = guide.read_text()
    for path in re.findall(r"\bdeploy/[\w./-]*\w", text):
        assert (REPOSITORY / path).exists(), path
    for link, anchor in re.findall(r"\]\(([\w.-]*)(?:#([\w-]+))?\)", text):
        target = guide.parent / link if link else guide
        headings = re.findall(r"^#+ (.+)$", target.read_text(), flags=re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, (link, anchor)
