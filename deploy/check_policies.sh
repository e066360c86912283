#!/bin/sh
# Hold what is deployed to the rules of others: checkov (findings that are meant carry their reason beside them), hadolint,
# and the Compose specification. `make policies` runs it; $1 is the directory of the checkers.
set -eu
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$bin/hadolint" Dockerfile
echo "hadolint: Dockerfile is clean"

for deployment in base overlays/gpu overlays/no-sensors overlays/non-root overlays/tls; do
    kubectl kustomize "kubernetes/$deployment" > "$scratch/$(basename "$deployment").yaml"
done
cp examples/training-pod.yaml "$scratch"

checkov() { # a framework and a file; the last lines name what failed
    "$bin/checkov" --skip-download --framework "$1" --file "$2" --compact --quiet > "$scratch/said" 2>&1 || {
        cat "$scratch/said"
        exit 1
    }
    echo "checkov: $(basename "$2"): $(grep '^Passed checks' "$scratch/said")"
}
checkov dockerfile Dockerfile
for file in "$scratch"/*.yaml; do
    checkov kubernetes "$file"
done

"$bin/python" - <<'PYTHON'
import json
import re

import yaml
from compose_spec import PyCompose

text = re.sub(r"\$\{\w+:[-?]([^}]*)\}", r"\1", open("compose.yaml").read())
content = {name: part for name, part in yaml.safe_load(text).items() if not name.startswith("x-")}
print("compose-spec:", ", ".join(sorted(PyCompose.from_yaml(json.dumps(content)).service_names())))
PYTHON
