"""How a command is stopped."""

import signal
from types import FrameType


def end_as_interrupted() -> None:
    """From now on SIGTERM is what Ctrl-C is: what was opened is closed on the way out. A second one ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
