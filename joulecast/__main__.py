"""`python -m joulecast` is the one command, for where its script is not on PATH."""

import sys

from joulecast.cli.main import main

sys.exit(main())
