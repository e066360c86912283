"""Every claim about cost and accuracy as a command: `python -m bench` for all, `python -m bench.scrape` for one.

Benchmarks import the rooms they measure and, from tests/doubles, the hardware they simulate; nothing imports them.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# As pytest does for the tests: the simulated hardware is imported as `doubles.<subject>`.
sys.path.insert(0, str(ROOT / "tests"))
