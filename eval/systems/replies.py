"""A model's replies kept in a file: what was asked once is not asked of the model again.

At temperature 0 the same prompt has the same reply, so a run after a change in code, an ablation or a calibration asks
the model only what is new. Quality is what it would have been; seconds are not, so such runs report none.
"""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onrecord.eval.systems.wrapped import WrappedEngine
from onrecord.index.errors import InputError
from onrecord.qa.engines.base import Engine, Messages, OnUsage, not_counted

NO_OPTIONS = ((), "", "")  # are part of each key in the files that there are


class KeptReplies(WrappedEngine):
    """An `Engine` that looks into the file before it asks ``engine``. Several processes may share the file.

    Raises:
        InputError: the file is there and is not one of kept replies.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        super().__init__(engine)
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=60, check_same_thread=False, isolation_level=None)
            self._file.execute("pragma journal_mode=wal")
            self._file.execute("create table if not exists replies (prompt text primary key, reply text not null)")
            self._file.execute("select reply from replies limit 1")
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"{path}: cannot keep replies there ({error}); name a new file") from error

    def first_tokens(self, messages: Messages, *, on_usage: OnUsage = not_counted) -> Mapping[str, float] | None:
        """As kept, else as the model gives them, which is then kept."""
        prompt = self._key("first_tokens", messages)
        kept = self._kept(prompt)
        if kept is None:
            kept = self.bare.first_tokens(messages, on_usage=on_usage)
            if kept is not None:
                self._keep(prompt, dict(kept))
        return kept  # type: ignore[no-any-return]

    def yes_probability(
        self, messages: Messages, *, adapter: str = "", on_usage: OnUsage = not_counted
    ) -> float | None:
        """As kept, else as the model gives it, which is then kept."""
        prompt = self._key("yes_probability", messages, *filter(None, [adapter]))
        kept = self._kept(prompt)
        if kept is None:
            kept = self.bare.yes_probability(messages, adapter=adapter, on_usage=on_usage)
            if kept is not None:
                self._keep(prompt, kept)
        return kept  # type: ignore[no-any-return]

    def generate(self, messages: Messages, *, max_tokens: int, on_usage: OnUsage = not_counted) -> Iterator[str]:
        """The pieces as kept, else as the model writes them. A text that was stopped half-way is not kept."""
        prompt = self._key("generate", messages, max_tokens, *NO_OPTIONS)
        kept = self._kept(prompt)
        if kept is not None:
            yield from kept
            return
        pieces = []
        for piece in self.bare.generate(messages, max_tokens=max_tokens, on_usage=on_usage):
            pieces.append(piece)
            yield piece
        self._keep(prompt, pieces)

    def close(self) -> None:
        """Closes the model and the file."""
        super().close()
        with self._lock:
            self._file.close()

    def _key(self, kind: str, messages: Messages, *how: Any) -> str:
        said = [[message["role"], message["content"]] for message in messages]
        asked = [self.bare.name, self.bare.context_tokens, kind, said, *how]
        return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()

    def _kept(self, prompt: str) -> Any:
        with self._lock:
            found = self._file.execute("select reply from replies where prompt = ?", (prompt,)).fetchone()
        return None if found is None else json.loads(found[0])

    def _keep(self, prompt: str, reply: Any) -> None:
        with self._lock:
            self._file.execute("insert or replace into replies values (?, ?)", (prompt, json.dumps(reply)))
