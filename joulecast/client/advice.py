"""Saying something once: a training of a million steps must not print a million warnings."""

import logging
import warnings

_said: set[str] = set()
_MOST_SUBJECTS = 100


def advise(subject: str, message: str) -> None:
    """Warn about `message` unless this process was warned about `subject` before.

    Never raises: where warnings are turned into errors it goes to the log, because what is measured goes on.
    """
    if subject in _said or len(_said) >= _MOST_SUBJECTS:
        return
    _said.add(subject)
    try:
        warnings.warn(f"joulecast: {message}", RuntimeWarning, stacklevel=2)
    except RuntimeWarning:
        logging.getLogger("joulecast").warning(message)
