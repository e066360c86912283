"""Makes the JSON Schemas beside this file again, from the types that Grafana publishes. Needs npm.

    python tests/grafana/schema/regenerate.py WORKSHOP

`dashboard.json` is that of a whole dashboard, `panels.json` that of the options and field options of each panel.
"""

import json
import subprocess
import sys
from pathlib import Path

GRAFANA = "@grafana/schema@13.2.3"
TOOLS = ("ts-json-schema-generator@2.4.0", "typescript@5.9.3")
TYPES = Path("node_modules/@grafana/schema/dist/types/raw")
KINDS = ("timeseries", "stat", "table", "xychart", "heatmap", "bargauge", "statetimeline")
# These share the field options of every panel, and set none of their own.
WITHOUT_FIELDS = ("stat", "bargauge")
HERE = Path(__file__).parent


def main(workshop: Path) -> None:
    """Install the generator into the workshop and write both files."""
    workshop.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--ignore-scripts", "--no-save", GRAFANA, *TOOLS], cwd=workshop, check=True)
    dashboard = _schema(workshop, "dashboard/x", "Dashboard")
    panels = {
        kind: {
            "options": _schema(workshop, f"composable/{kind}/panelcfg/x", "Options"),
            **(
                {}
                if kind in WITHOUT_FIELDS
                else {"custom": _schema(workshop, f"composable/{kind}/panelcfg/x", "FieldConfig")}
            ),
        }
        for kind in KINDS
    }
    for name, schema in (("dashboard", dashboard), ("panels", panels)):
        (HERE / f"{name}.json").write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")


def _schema(workshop: Path, place: str, name: str) -> object:
    done = subprocess.run(
        [
            "npx",
            "ts-json-schema-generator",
            "--path",
            TYPES / place / "types.gen.d.ts",
            "--type",
            name,
            "--no-type-check",
        ],
        cwd=workshop,
        check=True,
        capture_output=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
