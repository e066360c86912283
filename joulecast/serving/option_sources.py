"""Where options come from: flags, variables and a TOML file, each refusing names it does not know."""

import re
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from joulecast.errors import JoulecastError
from joulecast.serving.options import PREFIX, Option, flag_of, parsed, variable_of

# Variables a workload sets for its client, and those of the prediction service; a server may well run in the same
# environment.
_OTHERS = re.compile(r"JOULECAST_(ADDRESS|TOKEN|TLS_\w+|PREDICTOR_\w+)")
# Kubernetes describes every Service of a namespace to its pods; one called joulecast must not stop the exporter.
_SERVICE_LINKS = re.compile(
    r"JOULECAST(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)


class Given(NamedTuple):
    """A value as one source gives it; `source` is what an error calls it."""

    name: str
    source: str
    raw: Any
    typed: bool = False


def collect(
    flags: Namespace, environ: Mapping[str, str], options: Mapping[str, Option], prefix: str = PREFIX
) -> dict[str, Any]:
    """The value of each option that is given, by the first that gives it: flag, variable, the file of `config`.

    Raises JoulecastError for what cannot be, and for half a pair of certificate and key.
    """
    given: dict[str, Given] = {}
    for each in chain(from_flags(flags, options), from_environment(environ, options, prefix)):
        given.setdefault(each.name, each)
    if "config" in given:
        for each in from_file(_value(given["config"], options), options):
            given.setdefault(each.name, each)
    for name, needed in (("tls_cert", "tls_key"), ("tls_key", "tls_cert"), ("tls_client_ca", "tls_cert")):
        if name in given and needed not in given:
            raise JoulecastError(f"{flag_of(name)} is given without {flag_of(needed)}", "give both, or neither")
    return {name: _value(each, options) for name, each in given.items()}


def from_flags(flags: Namespace, options: Mapping[str, Option]) -> Iterator[Given]:
    """What the command line says."""
    for name in options:
        raw = getattr(flags, name, None)
        if raw is not None:
            yield Given(name, flag_of(name), raw)


def from_environment(
    environ: Mapping[str, str], options: Mapping[str, Option], prefix: str = PREFIX
) -> Iterator[Given]:
    """What the variables say; an empty one says nothing. Raises JoulecastError for an unknown one of this prefix."""
    names = {variable_of(name, prefix): name for name in options}
    for variable, raw in environ.items():
        if not variable.startswith(prefix):
            continue
        if variable in names:
            if raw:
                yield Given(names[variable], variable, raw)
        elif not _belongs_elsewhere(variable, prefix):
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


def _value(given: Given, options: Mapping[str, Option]) -> Any:
    return parsed(options[given.name], given.source, given.raw, typed=given.typed)


def _belongs_elsewhere(variable: str, prefix: str) -> bool:
    of_others = prefix == PREFIX and _OTHERS.fullmatch(variable)
    return bool(of_others or _SERVICE_LINKS.fullmatch(variable))


def _unknown(problem: str, name: str, names: Iterable[str]) -> JoulecastError:
    from difflib import get_close_matches

    nearest = get_close_matches(name, names, n=1, cutoff=0.5)
    return JoulecastError(problem, f"did you mean {nearest[0]}?" if nearest else "`--help` lists them all")


def _line_of(key: str, text: str) -> str:
    """Where the key stands, as ", line 3"; empty if it is written in a way not worth parsing twice."""
    written = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[\]=.]""")
    for number, line in enumerate(text.splitlines(), 1):
        if written.match(line):
            return f", line {number}"
    return ""
