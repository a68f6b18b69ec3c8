"""What a site asks of programs: which paths are not for them (robots.txt), and how long to wait between requests."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.robotparser import RobotFileParser

from onrecord.index.fetching.request import NAME

LONGEST_PAUSE = 60.0  # seconds; a site that asks for more is asked once a minute
_MOST_HOSTS = 10_000


@dataclass(frozen=True, slots=True)
class Rules:
    """Of one site; without a ``parser`` everything is allowed."""

    parser: RobotFileParser | None = None

    @classmethod
    def read(cls, text: str) -> "Rules":
        """
        >>> rules = Rules.read("User-agent: *\\nDisallow: /drafts/\\nCrawl-delay: 3")
        >>> rules.allow("https://courier.example/drafts/1"), rules.allow("https://courier.example/1"), rules.pause
        (False, True, 3.0)
        """
        parser = RobotFileParser()
        parser.parse(text.splitlines())
        return cls(parser)

    def allow(self, address: str) -> bool:
        return self.parser is None or self.parser.can_fetch(NAME, address)

    @property
    def pause(self) -> float:
        """Seconds between two requests, as the site asks."""
        asked = self.parser.crawl_delay(NAME) if self.parser else None
        return min(float(asked or 0), LONGEST_PAUSE)


class Pace:
    """When each host may be asked next; of this process, whoever asks."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, host: str, pause: float) -> None:
        """Waits until it is this caller's turn; the next one's is ``pause`` seconds later."""
        with self._lock:
            now = self._clock()
            if len(self._next) >= _MOST_HOSTS:
                self._next = {one: turn for one, turn in self._next.items() if turn > now}
            turn = max(now, self._next.get(host, now))
            self._next[host] = turn + pause
        if turn > now:
            self._sleep(turn - now)


pace = Pace()
