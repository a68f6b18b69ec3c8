"""Work that is done ahead of whoever uses it: pages are fetched and read while those before them are embedded."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

AT_ONCE = 32  # results that may lie ready; about as many articles as are embedded together

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(
    items: Iterable[Given], make: Callable[[Given], Made], *, stopped: Callable[[], bool] = lambda: False
) -> Iterator[list[Made]]:
    """What ``make`` gives for each item, in order, made in a thread of its own: each time all that lies ready by then.

    So a slow site's pages come one by one, and those of a fast one many at once. What ``make`` raises is raised here,
    after what it made before. Once this is left or ``stopped``, no further item is begun.
    """
    ready: queue.Queue[Made | _End] = queue.Queue(AT_ONCE)
    left = threading.Event()

    def work() -> None:
        end = _End()
        try:
            for item in items:
                if left.is_set() or stopped():
                    break
                _put(ready, make(item), left)
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits for it
            end = _End(error)
        _put(ready, end, left)

    worker = threading.Thread(target=work, name="ahead", daemon=True)
    worker.start()
    try:
        yield from _groups(ready)
    finally:
        left.set()
        worker.join()


class _End:
    """Comes last. ``error``: why there is no more."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _groups(ready: "queue.Queue[Made | _End]") -> "Iterator[list[Made]]":
    while True:
        group: list[Made] = []
        one = ready.get()
        with suppress(queue.Empty):
            while not isinstance(one, _End):
                group.append(one)
                if len(group) == AT_ONCE:
                    break
                one = ready.get_nowait()
        if group:
            yield group
        if isinstance(one, _End):
            if one.error:
                raise one.error
            return


def _put(ready: "queue.Queue[Made | _End]", one: "Made | _End", left: threading.Event) -> None:
    while not left.is_set():
        with suppress(queue.Full):
            ready.put(one, timeout=0.2)
            return
