"""Where options come from: flags, JOULECAST_* variables and a TOML file, each refusing names it does not know."""

import re
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from exporter.options import Option, flag_of, variable_of
from joulecast.errors import JoulecastError

# Variables a workload sets for its client; the exporter may well run in the same environment.
_CLIENT_VARIABLES = re.compile(r"JOULECAST_(ADDRESS|TOKEN|TLS_\w+)")
# Kubernetes describes every Service of a namespace to its pods; one called joulecast must not stop the exporter.
_SERVICE_LINKS = re.compile(
    r"JOULECAST(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
_HELP = "see `joulecast exporter --help`"


class Given(NamedTuple):
    """A value as one source gives it; `source` is what an error calls it."""

    name: str
    source: str
    raw: Any
    typed: bool = False


def from_flags(flags: Namespace, options: Mapping[str, Option]) -> Iterator[Given]:
    """What the command line says."""
    for name in options:
        raw = getattr(flags, name, None)
        if raw is not None:
            yield Given(name, flag_of(name), raw)


def from_environment(environ: Mapping[str, str], options: Mapping[str, Option]) -> Iterator[Given]:
    """What the JOULECAST_* variables say; an empty one says nothing. Raises JoulecastError for an unknown one."""
    names = {variable_of(name): name for name in options}
    for variable, raw in environ.items():
        if not variable.startswith("JOULECAST_"):
            continue
        if variable in names:
            if raw:
                yield Given(names[variable], variable, raw)
        elif not _CLIENT_VARIABLES.fullmatch(variable) and not _SERVICE_LINKS.fullmatch(variable):
            raise _unknown(f"unknown variable {variable}", variable, names)


def from_file(path: Path, options: Mapping[str, Option]) -> Iterator[Given]:
    """What a TOML file says; keys may be written with `-` or `_`. Raises JoulecastError, naming the line."""
    import tomllib  # most exporters have no file, and stay that much smaller

    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise JoulecastError(
            f"{path} cannot be read ({error.strerror})", "check --config and the file's rights"
        ) from error
    except UnicodeDecodeError as error:
        raise JoulecastError(f"{path} is not UTF-8 ({error})", "save it as UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise JoulecastError(
            f"{path} is no valid TOML ({error})", 'write one option per line, as listen = "HOST:PORT"'
        ) from error
    names = {name for name, each in options.items() if each.in_file}
    seen: set[str] = set()
    for key, raw in document.items():
        place = f"{path}{_line_of(key, text)}"
        name = key.replace("-", "_")
        if name not in names:
            raise _unknown(f"{place}: unknown option {key!r}", name, names)
        if name in seen:
            raise JoulecastError(f"{place}: {key!r} is there twice, with - and with _", "keep one of them")
        seen.add(name)
        yield Given(name, f"{place}: {key}", raw, typed=True)


def _unknown(problem: str, name: str, names: Iterable[str]) -> JoulecastError:
    from difflib import get_close_matches

    nearest = get_close_matches(name, names, n=1, cutoff=0.5)
    return JoulecastError(problem, f"did you mean {nearest[0]}?" if nearest else _HELP)


def _line_of(key: str, text: str) -> str:
    """Where the key stands, as ", line 3"; empty if it is written in a way not worth parsing twice."""
    written = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[\]=.]""")
    for number, line in enumerate(text.splitlines(), 1):
        if written.match(line):
            return f", line {number}"
    return ""
