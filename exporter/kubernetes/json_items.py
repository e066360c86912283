"""The items of a JSON list as they arrive: one is held at a time, never the document."""

import codecs
import json
from collections.abc import Iterator
from typing import Any

# etcd refuses objects beyond 1.5 MB; what the kubelet adds to one is small beside that.
MOST_CHARACTERS = 4 * 1024 * 1024

# What may go on a number of which only the start is there; and "", where the text ends.
_OF_NUMBERS = ("", *"0123456789.eE+-")

_HALF = "it ends in the middle, or is no JSON"

_decode = json.JSONDecoder().raw_decode


def items(chunks: Iterator[bytes], name: str = "items") -> Iterator[Any]:
    """Each element of the list called `name` in the outermost object. Raises ValueError for what is no such object."""
    text = _Arriving(chunks)
    text.expect("{")
    found = False
    if text.peek() == "}":
        raise ValueError(f"no list of {name}")
    while True:
        key = text.value()
        text.expect(":")
        if key == name:
            found = True
            if text.peek() == "n":  # a list of nothing is null to Go
                text.value()
            else:
                yield from text.elements()
        else:
            text.value()
        if text.next_of(",}") == "}":
            break
    if not found:
        raise ValueError(f"no list of {name}")


class _Arriving:
    """Text of which only what was not read yet is held."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """The next character that is no white space."""
        while True:
            while self._at < len(self._text):
                character = self._text[self._at]
                if character not in " \t\r\n":
                    return character
                self._at += 1
            if not self._more(1):
                raise ValueError(_HALF)

    def next_of(self, characters: str) -> str:
        """Take one of these characters."""
        found = self.peek()
        if found not in characters:
            raise ValueError(f"{found!r} where one of {characters!r} belongs")
        self._at += 1
        return found

    def expect(self, character: str) -> None:
        """Take this character."""
        self.next_of(character)

    def elements(self) -> Iterator[Any]:
        """Take a list, one element after the other."""
        self.expect("[")
        if self.peek() == "]":
            self.expect("]")
            return
        while True:
            yield self.value()
            if self.next_of(",]") == "]":
                return

    def value(self) -> Any:
        """Take one value, reading on until it is whole."""
        self.peek()
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except RecursionError:
                raise ValueError("it is nested too deeply") from None
            except json.JSONDecodeError:
                # Half a value is parsed again only once twice as much of it is there: never quadratic.
                if not self._more(2 * (len(self._text) - self._at)):
                    raise ValueError(_HALF) from None
                continue
            if isinstance(value, int | float) and self._text[end : end + 1] in _OF_NUMBERS and self._more(1):
                continue
            self._at = end
            return value

    def _more(self, wanted: int) -> bool:
        """Read on, if possible, until that many characters wait; False if nothing came."""
        waiting = [self._text[self._at :]]
        had = length = len(waiting[0])
        if had > MOST_CHARACTERS:
            raise ValueError("one of its values is larger than any pod")
        while length < max(min(wanted, MOST_CHARACTERS), had + 1) and not self._ended:
            chunk = next(self._chunks, b"")
            self._ended = not chunk
            waiting.append(self._decoder.decode(chunk, final=self._ended))
            length += len(waiting[-1])
        self._text, self._at = "".join(waiting), 0
        return length > had
