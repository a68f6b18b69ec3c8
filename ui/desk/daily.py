"""How many questions each key asked today, kept as the keys are: it holds over restarts and between processes."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from onrecord.ui.desk.documents import document
from onrecord.ui.desk.tables import Tables

FILE_NAME = "keys-today.json"


def _now() -> datetime:
    return datetime.now(UTC)


class Daily:
    """Counts by key and day; only those of one day are kept, so the file never grows beyond the keys in use."""

    def __init__(self, path: Path, now: Callable[[], datetime] = _now, *, tables: Tables | None = None) -> None:
        self._document, self._now = document(path, tables), now

    def take(self, key_id: str, most: int) -> int:
        """0 when there is one left, which is then taken; else the seconds until the next day begins."""
        return self._change(key_id, 1, most)

    def give_back(self, key_id: str) -> None:
        """One that was taken, and then not used."""
        self._change(key_id, -1, 1)

    def _change(self, key_id: str, by: int, most: int) -> int:
        with self._document.changing():
            now = self._now()
            used = self._used(now)
            count = used.get(key_id, 0)
            if by > 0 and count >= most:
                midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
                return max(1, math.ceil((midnight - now).total_seconds()))
            used[key_id] = max(0, count + by)
            self._document.write(json.dumps({"day": f"{now:%Y-%m-%d}", "used": used}))
            return 0

    def _used(self, now: datetime) -> dict[str, int]:
        """Today's counts; where they cannot be read they begin anew."""
        try:
            kept = json.loads(self._document.read())
            used = {str(key): int(count) for key, count in kept["used"].items()}
            return used if kept["day"] == f"{now:%Y-%m-%d}" else {}
        except (ValueError, TypeError, KeyError, AttributeError):
            return {}
