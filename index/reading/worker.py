"""The process in which files are read: ``python -m onrecord.index.reading.worker``, started by ``process.py``.

A file can make a parser loop, fill the memory or crash; here that ends this process and nothing else. It takes bytes
and gives articles, one file after the other, and ends when nobody asks any more.
"""

import os
import signal
import sys
import threading
import time
from dataclasses import fields
from functools import cache
from typing import Any, BinaryIO

from onrecord.index.reading.framing import TOO_MUCH_MEMORY, packed, receive, send, unpacked
from onrecord.index.reading.parsing import articles_in
from onrecord.index.types import Article

try:
    import resource
except ImportError:  # Windows: the clock of the process that asks is the limit there
    resource = None  # type: ignore[assignment]

_IDLE_SECONDS = 60.0
_MIB = 1024 * 1024
_FIELDS = tuple(field.name for field in fields(Article))


def main() -> None:
    """Says that it is ready, then answers each request (name, ending and limits, then the bytes) with the articles."""
    requests, answers = _streams()
    _prepare()
    base = _mapped()
    send(answers, b"")
    while (asked := _next(requests)) is not None and (data := receive(requests)) is not None:
        request = unpacked(asked)
        limit = request["memory_mib"] * _MIB
        _limit(seconds=request["seconds"], memory=base + limit)
        try:
            content = articles_in(data, request["name"], request["suffix"])
            articles = [_as_dict(one) for one in content.articles]
            answer = packed({"articles": articles, "error": content.error, "note": content.note})
        except MemoryError:
            os._exit(TOO_MUCH_MEMORY)  # what it left half done is nothing to read the next file with
        send(answers, answer)
        del data, content, articles, answer
        if _mapped() > base + limit // 2:
            return  # the next file shall have the room that it is promised


def _as_dict(article: Article) -> dict[str, str]:
    return {name: getattr(article, name) for name in _FIELDS}  # `asdict` would copy every text


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Both ends of the talk. Whatever a library prints goes elsewhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return os.fdopen(os.dup(0), "rb"), answers


def _prepare() -> None:
    import py3langid

    py3langid.classify("Nearly every article needs this, and its size is no file's fault.")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks; it ends this one
    if resource:
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _next(requests: BinaryIO) -> bytes | None:
    """The next request, or None when there was none for a while."""
    if os.name == "posix":
        import select

        # Each request is answered before the next one comes, so that none of it lies in the buffer already.
        if not select.select([requests], [], [], _IDLE_SECONDS)[0]:
            return None
    return receive(requests)


def _mapped() -> int:
    """Bytes of address space in use; where that cannot be known, of memory at its peak."""
    if (statm := _statm()) is None:
        return _peak()
    return int(os.pread(statm, 100, 0).split()[0]) * os.sysconf("SC_PAGE_SIZE")


@cache
def _statm() -> int | None:
    """Linux's own account of this process, open."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None


def _peak() -> int:
    if resource is None:
        return 0
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _limit(*, seconds: int, memory: int) -> None:
    """From now on so many seconds of processor, and so many bytes in all."""
    if resource is None:
        return
    used = time.process_time()
    _set(resource.RLIMIT_CPU, int(used) + seconds + 1)
    if _statm() is not None:
        _set(resource.RLIMIT_AS, memory)
    else:  # macOS keeps no such limit
        watch(memory)


def _set(which: int, soft: int) -> None:
    hard: Any = resource.getrlimit(which)[1]
    resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


_watched: list[int] = []


def watch(memory: int) -> None:
    """End this process when its memory was ever above ``memory`` bytes; looked at ten times a second."""
    _watched[:] = [memory]
    if any(thread.name == "watch" for thread in threading.enumerate()):
        return

    def look() -> None:
        while True:
            if _peak() > _watched[0]:
                os._exit(TOO_MUCH_MEMORY)
            time.sleep(0.1)

    threading.Thread(target=look, name="watch", daemon=True).start()


if __name__ == "__main__":
    main()
