"""Rewrites the PrometheusRule of the Kubernetes component from the rules beside this file, when run."""
# ruff: noqa: INP001 - a script, not a package

from pathlib import Path

HERE = Path(__file__).parent
RULES = HERE / "rules"
MANIFEST = HERE.parent / "kubernetes" / "components" / "prometheus-rules" / "rules.yaml"
_HEAD = """\
# Written by deploy/prometheus/operator_rules.py from deploy/prometheus/rules; do not edit.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: joulecast
  namespace: joulecast
  labels:
    app.kubernetes.io/name: joulecast-rules
    app.kubernetes.io/part-of: joulecast
spec:
  groups:
"""


def manifest() -> str:
    """The groups of every file, its comments included, as one object of the operator."""
    groups = [path.read_text(encoding="utf-8").partition("groups:\n")[2] for path in sorted(RULES.glob("*.yml"))]
    lines = [line for text in groups for line in text.splitlines()]
    return _HEAD + "".join(f"  {line}".rstrip() + "\n" for line in lines)


if __name__ == "__main__":
    MANIFEST.parent.mkdir(exist_ok=True)
    MANIFEST.write_text(manifest(), encoding="utf-8")
