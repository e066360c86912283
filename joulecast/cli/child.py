"""A child process that behaves as if it had been started without us: its signals, its terminal, its exit status."""

import os
import shutil
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from joulecast.errors import JoulecastError

FORWARDED = frozenset({signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})
# What a terminal sends on Ctrl-C goes to its whole foreground group, the child included: nothing to pass on.
_FROM_TERMINAL = 0x80  # SI_KERNEL
NOT_EXECUTABLE = 126
NOT_FOUND = 127


class CannotStart(JoulecastError):
    """The command cannot be run; `status` is what a shell would exit with."""

    def __init__(self, problem: str, remedy: str, status: int) -> None:
        super().__init__(problem, remedy)
        self.status = status


class HeldSignals:
    """Signals wait, from here on and in every thread started later, until they are asked for.

    Taking them one by one instead of in handlers tells who sent each, and none can slip between two statements.
    """

    def __init__(self) -> None:
        # A parent that ignores SIGCHLD would leave us without the child's exit status.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._watched = FORWARDED | {signal.SIGCHLD}
        self.before: Iterable[int] = signal.pthread_sigmask(signal.SIG_BLOCK, self._watched)

    def next(self, seconds: float) -> signal.struct_siginfo | None:
        """The next signal, or None after so many seconds."""
        return signal.sigtimedwait(self._watched, seconds)

    def release(self) -> None:
        """Drop what came after the child had ended, and let later signals through again."""
        while self.next(0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)


def find_program(name: str) -> str:
    """The file a shell would run. Raises CannotStart."""
    path = shutil.which(name)
    if path is not None:
        return path
    if "/" in name and Path(name).exists():
        raise CannotStart(f"{name} cannot be executed", "check that it is a program: chmod +x", NOT_EXECUTABLE)
    raise CannotStart(f"{name}: no such command", "check its spelling and PATH", NOT_FOUND)


class Child:
    """One running command."""

    def __init__(self, program: str, command: list[str], environ: Mapping[str, str], held: HeldSignals) -> None:
        self._held = held
        try:
            # Not by fork: this process has gRPC's threads. Python ignores SIGPIPE and SIGXFSZ; the child must not.
            self._pid = os.posix_spawn(
                program,
                command,
                environ,
                setsigmask=held.before,
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        except OSError as error:
            raise CannotStart(
                f"{command[0]} cannot be executed ({error.strerror})", "does it begin with a #! line?", NOT_EXECUTABLE
            ) from error

    def wait(self, tick: Callable[[], None], every: float) -> int:
        """Its exit status, 128 + N if signal N killed it. Signals are passed on; `tick` is called meanwhile."""
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            came = self._held.next(every)
            if came is None:
                tick()
            elif came.si_signo != signal.SIGCHLD and came.si_code != _FROM_TERMINAL:
                os.kill(self._pid, came.si_signo)
