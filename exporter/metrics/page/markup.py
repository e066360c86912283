"""Elements of HTML and SVG, written in one place, so that no text from outside can ever become markup."""

from collections.abc import Iterable
from html import escape
from typing import TypeAlias, Union

_VOID = frozenset({"img", "input", "link", "meta"})


class Markup(str):
    """Text that is HTML already; made by this module alone."""

    __slots__ = ()


Attribute: TypeAlias = str | float | bool | None
Child: TypeAlias = Union[str, Iterable["Child"], None]  # noqa: UP007 - it names itself


def element(tag: str, *children: Child, **attributes: Attribute) -> Markup:
    """One element. Plain strings are escaped, `Markup` is taken as it is, None is nothing.

    In the names of attributes an underscore stands for a hyphen, and one at the end for nothing (`class_`). None and
    False leave an attribute out, True gives it no value.
    """
    opening = "".join([_attribute(name, value) for name, value in attributes.items()])
    if tag in _VOID:
        return Markup(f"<{tag}{opening}>")
    return Markup(f"<{tag}{opening}>{together(*children)}</{tag}>")


def together(*children: Child) -> Markup:
    """Several pieces, one after another."""
    return Markup("".join(map(_child, children)))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, str):
        return child if isinstance(child, Markup) else escape(child, quote=False)
    return together(*child)


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    written = name.removesuffix("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escape(str(value))}"'
