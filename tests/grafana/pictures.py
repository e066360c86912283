"""Draws every dashboard on six hours of an imaginary fleet: `make pictures`. Needs prometheus, npm and Chromium.

    python tests/grafana/pictures.py WORKSHOP [DIRECTORY]

The workshop keeps the packages for the next time and stays outside of the repository.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from doubles.fleet_history import FleetHistory
from doubles.prometheus import Prometheus

from grafana.asking import Asking, http
from grafana.draw.drawing import bundle, draw
from grafana.written import texts

SECONDS = 6 * 3600.0
CHOSEN = {"node": {"node": "gpu-01:9877"}}


def main(workshop: Path, directory: Path) -> None:
    """Draw all of them."""
    bundle(workshop)
    with tempfile.TemporaryDirectory() as place:
        server = Prometheus(Path(place))
        end = time.time() // 1800 * 1800 - 600  # no label of an axis at its very end
        server.remember(FleetHistory(end, seconds=SECONDS).lines())
        with server:
            asking = Asking(http(server.url), end - SECONDS, end)
            for file, text in texts().items():
                name = Path(file).stem
                draw(json.loads(text), asking, workshop, directory / f"grafana-{name}.png", **CHOSEN.get(name, {}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else Path("docs/pictures"))
