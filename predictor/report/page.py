"""The page: sections of sentences, charts and tables. It asks no network for anything; all foreign text is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from importlib.resources import files

from joulecast.version import __version__

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, as SVG, and what is under it; marks of its legend are (class of the style sheet, text)."""

    svg: str
    caption: str
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HtmlTable:
    """A table: the first column is text, the others are numbers."""

    caption: str
    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A headline with what belongs under it: `opening` tables, the first chart, and the rest beside it."""

    title: str
    sentences: Sequence[str] = ()
    opening: Sequence[HtmlTable] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[HtmlTable] = field(default=())


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """The whole page as HTML."""
    body = "\n".join(part for each in sections for part in _section(each))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">\n<style>{_style()}</style></head>\n<body>\n'
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>\n<main>\n{body}\n</main>\n"
        f"<footer>Joulecast {escape(__version__)}</footer>\n</body></html>\n"
    )


def _section(it: Section) -> Iterator[str]:
    yield f"<section><h2>{escape(it.title)}</h2>"
    yield from (f"<p>{escape(each)}</p>" for each in it.sentences)
    yield from (_table(each) for each in it.opening if each.rows)
    first, *others = [*(_figure(each) for each in it.figures if each.svg), ""]
    others += (_table(each) for each in it.tables if each.rows)
    yield f'<div class="figures">{first}<div class="beside">{"".join(others)}</div></div>' if first else "".join(others)
    yield "</section>"


def _figure(it: Figure) -> str:
    marks = "".join(f'<li><i class="{style}"></i>{escape(text)}</li>' for style, text in it.legend)
    legend = f'<ul class="legend">{marks}</ul>' if marks else ""
    return f"<figure>{legend}{it.svg}<figcaption>{escape(it.caption)}</figcaption></figure>"


def _table(it: HtmlTable) -> str:
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in it.titles)
    rows = "\n".join(_row(each) for each in it.rows)
    return (
        f'<div class="scroll"><table><caption>{escape(it.caption)}</caption><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    aside = ' class="aside"' if first.startswith(" ") else ""
    return (
        f'<tr{aside}><th scope="row">{escape(first.strip())}</th>'
        + "".join(f"<td>{escape(each)}</td>" for each in others)
        + "</tr>"
    )


@cache
def _style() -> str:
    return files("predictor.report").joinpath("page.css").read_text(encoding="utf-8")
