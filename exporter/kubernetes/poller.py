"""One source of names, asked again and again in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from exporter.kubernetes.no_answer import NoAnswer
from exporter.usage.evidence import NamesFinding
from joulecast.clock import Clock

log = logging.getLogger(__name__)

PERIOD_SECONDS = 15.0
DEBOUNCE_SECONDS = 2.0  # after each answer, however often it is woken
LONGEST_PERIOD_SECONDS = 60.0
BACKOFF_SECONDS = 5.0  # after a first failure; each further one doubles it, up to the longest period
# A kubelet that takes its time is asked less often: pauses are so many times as long as its answer took.
REGULAR_SHARE = 50
WOKEN_SHARE = 10
LATE_SECONDS = 30.0  # a question this old was not answered, whatever its timeouts say
STOP_SECONDS = 0.5


class Poller:
    """Asks when it is due, when woken, and after a failure less and less often; a failure is a finding, never raised.

    `ask` returns how things are, as a message and a remedy for what is not quite right; it raises NoAnswer.
    """

    def __init__(
        self,
        source: str,
        ask: Callable[[], tuple[str, str]],
        clock: Clock,
        *,
        period: float = PERIOD_SECONDS,
        debounce: float = DEBOUNCE_SECONDS,
        backoff: float = BACKOFF_SECONDS,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._period = period
        self._debounce = debounce
        self._backoff = backoff
        self._finding = NamesFinding(source, "failing", "has not answered yet")
        self._failures = 0
        self._took = 0.0
        self._answered = float("-inf")
        self._asking_since: float | None = None
        self._turn = threading.Lock()
        self._woken = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"names-{source}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more; a question that is stuck is left behind."""
        self._stop.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        """Ask soon: something is not known. One that fails keeps to its pauses."""
        self._woken.set()

    def finding(self) -> NamesFinding:
        """How the last question went, or that one goes on for too long."""
        finding, since = self._finding, self._asking_since
        if since is not None and (late := self._clock.monotonic() - since) > LATE_SECONDS:
            remedy = "see how the kubelet of this node is"
            return NamesFinding(finding.source, "failing", f"has not answered for {late:.0f} s", remedy)
        return finding

    def poll(self) -> float:
        """Ask once, here and now. Returns the seconds until the next time."""
        with self._turn:
            self._woken.clear()
            began = self._asking_since = self._clock.monotonic()
            try:
                finding = self._attempt()
            finally:
                self._asking_since = None
            self._answered = self._clock.monotonic()
            self._took = self._answered - began
            self._tell(finding)
        longest = max(self._period, LONGEST_PERIOD_SECONDS)
        if finding.status == "up":
            self._failures = 0
            return min(max(self._period, REGULAR_SHARE * self._took), longest)
        self._failures += 1
        return min(longest, self._backoff * 2.0 ** min(self._failures - 1, 10))

    def _attempt(self) -> NamesFinding:
        source = self._finding.source
        try:
            message, remedy = self._ask()
        except NoAnswer as none:
            return NamesFinding(source, none.status, none.problem, none.remedy)
        except Exception as error:  # a bug must not end the thread, nor be silent
            log.exception("%s: a question failed in a way nobody foresaw", source)
            return NamesFinding(source, "failing", f"cannot be understood ({type(error).__name__})", "report this")
        return NamesFinding(source, "up", message, remedy)

    def _tell(self, finding: NamesFinding) -> None:
        """Keep it, and log what changed."""
        before, self._finding = self._finding, finding
        if finding.status == before.status and (finding.status == "up" or finding.message == before.message):
            return
        level = logging.INFO if finding.status in ("up", "absent") else logging.WARNING
        remedy = f": {finding.remedy}" if finding.remedy else ""
        log.log(level, "names (%s): %s%s", finding.source, finding.message, remedy)

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = self.poll()
            if self._failures:
                self._stop.wait(pause)
            elif self._woken.wait(pause):
                since = self._clock.monotonic() - self._answered
                self._stop.wait(max(self._debounce, min(self._period, WOKEN_SHARE * self._took)) - since)
