"""The commands of a page of the guide and what they print: `python -m predictor.commands.predict_page PAGE`.

A command stands in a fenced block as `$ joulecast ...`, and below it what it printed. A file of the page stands in a
block whose first line is `# NAME`.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

_COMMAND = re.compile(r"^```\n\$ (?P<command>(?:[^\n]*\\\n)*[^\n]*)\n.*?^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^```\n# (?P<name>[\w.-]+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)


def commands_of(page: str) -> list[list[str]]:
    """The words of each command after `joulecast`."""
    return [shlex.split(found["command"].replace("\\\n", " "))[1:] for found in _COMMAND.finditer(page)]


def files_of(page: str) -> dict[str, str]:
    """The files that the commands read, by name."""
    return {found["name"]: found["content"] for found in _FILE.finditer(page)}


def printed_again(page: str, run: Callable[[list[str]], str]) -> str:
    """The page with what its commands print now; `run` runs one and gives what it printed."""
    answers = iter([run(words) for words in commands_of(page)])
    return _COMMAND.sub(lambda found: f"```\n$ {found['command']}\n{next(answers).rstrip()}\n```", page)


def main() -> int:
    """Print the pages named as arguments again, in a directory of their own."""
    import subprocess
    from tempfile import TemporaryDirectory

    command = str(Path(sys.executable).with_name("joulecast"))
    for path in map(Path, sys.argv[1:]):
        page = path.read_text(encoding="utf-8")
        with TemporaryDirectory() as directory:
            for name, content in files_of(page).items():
                Path(directory, name).write_text(content, encoding="utf-8")

            def run(words: list[str], where: str = directory) -> str:
                return subprocess.run([command, *words], cwd=where, capture_output=True, text=True, check=True).stdout

            path.write_text(printed_again(page, run), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
