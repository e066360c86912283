"""Why a source of names gave none."""

from typing import Literal

from joulecast.errors import JoulecastError

Status = Literal["failing", "denied", "absent"]


class NoAnswer(JoulecastError):
    """A kubelet that did not answer this time: it failed, it refused, or there is none."""

    def __init__(self, status: Status, problem: str, remedy: str = "") -> None:
        super().__init__(problem, remedy)
        self.status = status
