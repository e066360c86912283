"""Rules broken in one place each: what their unit tests must notice."""

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any, NamedTuple

import promql_parser
from promql_parser import AggregateExpr, BinaryExpr, Call, Expr, MatrixSelector, NumberLiteral, VectorSelector

# `cluster` is nowhere in the unit tests: that every rule keeps it apart is shown by looking at the rules.
_UNTESTED_LABEL = "cluster"
_OPERATORS = {
    ">": (">=", "<"),
    "<": ("<=", ">"),
    ">=": (">", "<"),
    "==": ("!=", ">", "<"),
    "*": ("/",),
    "/": ("*",),
    "+": ("-",),
    "-": ("+",),
    "and": ("unless",),
    "unless": ("and",),
}
_FUNCTIONS = {
    "max_over_time": "min_over_time",
    "min_over_time": "max_over_time",
    "avg_over_time": "max_over_time",
    "last_over_time": "max_over_time",
    "rate": "increase",
    "increase": "rate",
    "abs": "-",
    "changes": "resets",
    "absent": "",
}
_AGGREGATIONS = {"sum": "max"}
# Who started within the hour was not seen before it, so that looking back further changes nothing.
_THE_SAME = re.compile(r"(process_start_time_seconds|joulecast_build_info)\[14400s\]")
_MATCHER = re.compile(r'(\w+)(=~|!=|=)("(?:[^"\\]|\\.)*"),?')
_INVERTED = {"=": "!=", "=~": "!~", "!=": "="}


class Mutant(NamedTuple):
    """A rule with one thing changed, and what that was."""

    change: str
    rule: Mapping[str, Any]


def mutants(rule: Mapping[str, Any]) -> Iterator[Mutant]:
    """Every way of breaking a rule that its unit tests must notice, no two alike."""
    for change, text in _expressions(promql_parser.parse(rule["expr"])):
        yield Mutant(change, {**rule, "expr": text})
    if "for" in rule:
        seconds = promql_parser.parse_duration(rule["for"]).total_seconds()
        for factor in (0, 0.8, 1.25):
            yield Mutant(f"for: {rule['for']} x {factor:g}", {**rule, "for": f"{seconds * factor:.0f}s"})
    for name, value in rule.get("labels", {}).items():
        yield Mutant(f"{name}: {value} -> page", {**rule, "labels": {**rule["labels"], name: "page"}})
        yield Mutant(f"no label {name}", {**rule, "labels": {k: v for k, v in rule["labels"].items() if k != name}})
    for name in rule.get("annotations", {}):
        yield Mutant(f"another {name}", {**rule, "annotations": {**rule["annotations"], name: "something else"}})


def _expressions(root: Expr) -> Iterator[tuple[str, str]]:
    """Texts of an expression with one node changed."""
    nodes: list[Expr] = []
    promql_parser.walk(root, nodes.append)
    seen = {str(root)}
    for place, node in enumerate(nodes):
        for changed in _changes(node):
            text = str(_replaced(root, place, promql_parser.parse(changed)))
            if text not in seen and not _THE_SAME.search(changed.replace("{}", "")):
                seen.add(text)
                yield _difference(str(root), text), text


def _replaced(root: Expr, place: int, changed: Expr) -> Expr:
    """The expression with the node at this place of a depth-first walk replaced."""
    left = place

    def visit(_: Expr) -> Expr | None:
        nonlocal left
        left -= 1
        return changed if left == -1 else None

    return promql_parser.transform(root, visit)


def _changes(node: Expr) -> Iterator[str]:
    """Texts that say something else than this node."""
    text = str(node)
    match node:
        case NumberLiteral():
            value = float(text)
            steps = (value - 1, value + 1) if value.is_integer() and value < 10 else (value * 0.9, value * 1.1)
            yield from (f"{step:g}" for step in steps if step >= 0)
        case BinaryExpr():
            yield from _of_operator(node, text)
        case VectorSelector():
            yield from _of_matchers(text)
        case MatrixSelector():
            (window,) = re.findall(r"\[(\w+)\]", text)
            seconds = promql_parser.parse_duration(window).total_seconds()
            yield from (text.replace(f"[{window}]", f"[{seconds * factor:.0f}s]") for factor in (0.1, 4))
        case Call():
            name, _, rest = text.partition("(")
            if name in _FUNCTIONS:
                yield f"{_FUNCTIONS[name]}({rest}"
        case AggregateExpr():
            name = text.partition(" ")[0]
            if name in _AGGREGATIONS:
                yield _AGGREGATIONS[name] + text.removeprefix(name)
            yield from _without_labels(text, "by")


def _of_operator(node: BinaryExpr, text: str) -> Iterator[str]:
    left, right, operator = str(node.lhs), str(node.rhs), str(node.op)
    between = text[len(left) : len(text) - len(right)]
    if operator == "or" or operator in ("and", "unless"):
        yield left
    if operator == "or":
        yield right
    for other in _OPERATORS.get(operator, ()):
        yield left + between.replace(operator, other, 1) + right
    yield from (left + changed + right for changed in _without_labels(between, "on"))


def _without_labels(text: str, word: str) -> Iterator[str]:
    found = re.search(rf"\b{word} ?\(([^)]*)\)", text)
    if found is None:
        return
    labels = [label.strip() for label in found[1].split(",")]
    for gone in labels:
        if gone != _UNTESTED_LABEL:
            kept = ", ".join(label for label in labels if label != gone)
            yield f"{text[: found.start()]}{word} ({kept}){text[found.end() :]}"


def _of_matchers(text: str) -> Iterator[str]:
    for found in _MATCHER.finditer(text):
        name, operator, value = found.groups()
        yield text[: found.start()] + text[found.end() :]
        comma = "," if found[0].endswith(",") else ""
        yield f"{text[: found.start()]}{name}{_INVERTED[operator]}{value}{comma}{text[found.end() :]}"


def _difference(before: str, after: str) -> str:
    """Where two texts differ, with what is around it."""
    begin = _alike(before, after)
    end = _alike(before[begin:][::-1], after[begin:][::-1])
    was, becomes = before[begin : len(before) - end], after[begin : len(after) - end]
    lead, rest = before[max(0, begin - 40) : begin], before[len(before) - end :][:20]
    return f"{lead}<{was} -> {becomes}>{rest}".replace("{}", "")


def _alike(one: str, other: str) -> int:
    """For how many characters two texts are the same."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in pairs)
