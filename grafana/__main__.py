"""`python -m grafana [DIRECTORY]` writes every dashboard as JSON, into `grafana/dashboards` unless told otherwise."""

import sys
from pathlib import Path

from grafana.written import DASHBOARDS, write

write(Path(sys.argv[1]) if len(sys.argv) > 1 else DASHBOARDS)
