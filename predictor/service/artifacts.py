"""The artifacts that are served, side by side by name, and their replacement while calls are under way.

A registry never changes: a call takes the current one and ends with it, whatever is loaded meanwhile.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from joulecast.errors import JoulecastError
from predictor.checking import Checks
from predictor.estimate import Description, Model, Question
from predictor.nearest import nearest

Load = Callable[[Path], Model]

_log = logging.getLogger(__name__)


class UnknownModel(JoulecastError):
    """No artifact of that name, or none for that question."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A model with what is worth preparing once. Equal to itself only: models may hold arrays."""

    model: Model
    description: Description
    checks: Checks


class Registry:
    """Models by name, and the one that answers each question when no name is given: the first."""

    def __init__(self, models: Iterable[Served]) -> None:
        self.by_name: dict[str, Served] = {}
        self._by_question: dict[Question, Served] = {}
        for each in models:
            if self.by_name.setdefault(each.description.name, each) is each:
                self._by_question.setdefault(each.description.question, each)

    def find(self, name: str, question: Question | None) -> Served:
        """The model of this name, or the question's own. Raises UnknownModel."""
        if not name and question is not None:
            found = self._by_question.get(question)
            if found is None:
                raise self._unanswered(question)
            return found
        if not name:
            raise UnknownModel("neither question nor model is given", "give one; DescribeModel lists both")
        found = self.by_name.get(name)
        if found is None:
            raise UnknownModel(f"no model {name[:80]!r} here", nearest(name[:80], self.by_name))
        answers = found.description.question
        if question is not None and question is not answers:
            raise UnknownModel(
                f"{name} answers {answers}, not {question}", "leave out model or question, or change one"
            )
        return found

    def answers_by_default(self, served: Served) -> bool:
        """Whether it is asked when its question comes without a name."""
        return self._by_question[served.description.question] is served

    def _unanswered(self, question: Question) -> UnknownModel:
        if not self._by_question:
            return UnknownModel("no model is loaded", "give --artifacts DIR with an artifact in it")
        return UnknownModel(f"no model here answers {question}", f"there are {', '.join(sorted(self._by_question))}")


class Artifacts:
    """What directories and files hold now. `current` may be read from any thread, `refresh` is called by one at a time.

    Earlier sources come first, and in a directory names in order; of two artifacts of one name the first is served.
    What cannot be loaded leaves in place what its file held before, and so does a file that is gone.
    """

    def __init__(self, sources: Sequence[Path], load: Load) -> None:
        """Load all of it. Raises JoulecastError for a source that is not there, and a named file that is no good."""
        self._sources = tuple(sources)
        self._load = load
        self._digests: dict[Path, bytes] = {}
        self._held: dict[Path, Served] = {}
        self.failed: dict[Path, str] = {}
        self.failures = 0
        for source in self._sources:
            if not source.exists():
                raise JoulecastError(f"{source}: no such file or directory", "check --artifacts")
        self.current = Registry(())
        self.refresh()
        for source in self._sources:
            if source in self.failed:
                raise JoulecastError(f"{source} is no artifact that can be served", self.failed[source])

    def refresh(self) -> bool:
        """Load what is new or different, and say whether anything was."""
        paths = self._listed()
        for path in paths:
            self._take(path)
        # What is gone is served on, last: a writer that removes before it writes costs no call.
        gone = [path for path in self._held if path not in paths]
        registry = Registry(self._held[path] for path in (*paths, *gone) if path in self._held)
        for path in gone:
            if self._held[path] not in registry.by_name.values():
                del self._held[path], self._digests[path]
        before, self.current = self.current, registry
        return list(registry.by_name.values()) != list(before.by_name.values())

    def _listed(self) -> list[Path]:
        listed: dict[Path, None] = {}
        for source in self._sources:
            if source.is_dir():
                listed.update(dict.fromkeys(sorted(source.glob("*.json"))))
            elif source.exists():
                listed[source] = None
        return list(listed)

    def _take(self, path: Path) -> None:
        """Load a file whose content is new. Content counts: writing in place can leave time and size as they were."""
        digest = _digest(path)
        if digest is None or self._digests.get(path) == digest:
            return
        self._digests[path] = digest
        try:
            model = self._load(path)
            served = Served(model, model.description, Checks(model.description))
        except Exception as error:  # an artifact may come from anywhere; what it holds must not end the service
            self._refuse(path, error)
        else:
            self._held[path] = served
            self.failed.pop(path, None)
            _log.info("%s: %s version %s is served", path, served.description.name, served.description.version)
        if _digest(path) != digest:  # it changed while it was read: the next look reads it again
            self._digests[path] = b""

    def _refuse(self, path: Path, error: Exception) -> None:
        self.failures += 1
        self.failed[path] = str(error)
        held = self._held.get(path)
        before = f"{held.description.name} version {held.description.version} is still served" if held else "left out"
        _log.error("%s cannot be loaded (%s): %s", path, error, before)


def _digest(path: Path) -> bytes | None:
    """What tells one content from another, also one way of being unreadable; None if there is no file."""
    try:
        return blake2b(path.read_bytes()).digest()
    except FileNotFoundError:
        return None
    except OSError as error:
        return repr(error).encode()


class Watch:
    """Looks for changed artifacts in the background, every so often and when poked."""

    def __init__(self, artifacts: Artifacts, period_seconds: float) -> None:
        self._artifacts = artifacts
        self._period = period_seconds
        self._poked = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="artifacts", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def poke(self) -> None:
        """Look now; may be called from a signal handler."""
        self._poked.set()

    def stop(self) -> None:
        """End, once a look under way is over."""
        self._ended = True
        self._poked.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._poked.wait(self._period)
            self._poked.clear()
            if self._ended:
                return
            try:
                self._artifacts.refresh()
            except Exception:  # a disk that misbehaves now may be well at the next look
                _log.exception("cannot look for changed artifacts")
