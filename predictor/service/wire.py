"""The few rules of protobuf's wire that are written here by hand, where many numbers go at once.

A field is a tag and its content; a tag is the field's number and the type of what follows.
"""

FIXED_64 = 1
LENGTH_DELIMITED = 2


def tag(number: int, kind: int) -> bytes:
    """The tag of a field whose number is below 16."""
    return bytes([number << 3 | kind])


def header(number: int, size: int) -> bytes:
    """Tag and length of a field, the length in groups of seven bits, the lowest first."""
    head = bytearray(tag(number, LENGTH_DELIMITED))
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head)
