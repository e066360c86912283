"""The Prometheus of the demonstration: a configuration and a store of its own that are gone with it."""

import json
import shutil
from pathlib import Path

from joulecast.demo.places import HOST, Places

# Beside the package in a clone; an installed one has no rules with it.
RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
_RETENTION = "1d"


def prometheus_command(directory: Path, places: Places) -> list[str] | None:
    """How it is started, after writing its configuration into that directory; None where it is not installed."""
    program = shutil.which("prometheus")
    if program is None:
        return None
    configuration = directory / "prometheus.yml"
    configuration.write_text(configured(places, RULES))
    return [
        program,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={directory / 'tsdb'}",
        f"--storage.tsdb.retention.time={_RETENTION}",
        f"--web.listen-address={HOST}:{places.prometheus}",
        "--log.level=warn",
    ]


def configured(places: Places, rules: Path) -> str:
    """Its configuration: exporter and predictor, and the rules where there are any."""
    lines = ["global: {scrape_interval: 2s, evaluation_interval: 5s}"]
    files = sorted(rules.glob("*.yml")) if rules.is_dir() else []
    if files:
        # Text in double quotes is the same in JSON and YAML.
        lines += ["rule_files:", *(f"  - {json.dumps(str(file))}" for file in files)]
    lines.append("scrape_configs:")
    for job, port in (("joulecast", places.page), ("joulecast-predictor", places.predictor)):
        lines += [
            f"  - job_name: {job}",
            "    honor_labels: true",
            f'    static_configs: [{{targets: ["{HOST}:{port}"]}}]',
        ]
    return "\n".join(lines) + "\n"
