"""Errors that reach a person: one line that says what is wrong, and what to do about it."""


class JoulecastError(Exception):
    """A problem its reader can act on. The command line prints it as `joulecast: problem. remedy`."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        """Keep both halves apart, so that a table can show them in two columns."""
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Both halves as one sentence."""
        return f"{self.problem}: {self.remedy}" if self.remedy else self.problem
