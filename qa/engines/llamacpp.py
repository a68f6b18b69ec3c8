"""The one file that imports xllamacpp: a llama.cpp server inside this process.

The library always opens an HTTP port on 127.0.0.1. It is keyed with a random secret, without web page and slots
endpoint; only two small calls (the model's chat template, its tokenizer) go through it, the rest stays in process.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from types import ModuleType
from typing import Any

import httpx

from onrecord.index import tls
from onrecord.index.errors import ModelError, ModelMissing
from onrecord.index.extras import named_extra
from onrecord.qa.engines.stopping import go_on, stop_asked

Chunk = dict[str, Any]
NO_ADAPTERS: Mapping[str, Path] = {}
SLOTS = 3  # that share the context: one for all prompts, two for kinds with a long beginning
BATCH_TOKENS = 128  # a long prompt is read in steps of this size, and can be stopped between two of them


def physical_cores() -> int:
    """Cores that this process may use; hyper-threads and a container's CPU limit are taken into account."""
    available = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = set()
    for cpu in available:
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        siblings.add(topology.read_text().strip() if topology.exists() else str(cpu))
    limit = Path("/sys/fs/cgroup/cpu.max")
    quota, period = (limit.read_text().split() if limit.exists() else ("max", "1"))[:2]
    allowed = len(siblings) if quota == "max" else max(1, round(int(quota) / int(period)))
    return max(1, min(len(siblings), allowed, os.cpu_count() or 1))


def _import_xllamacpp() -> ModuleType:
    """Import with OpenMP told to sleep, not spin, while it waits; libgomp reads this once, when it is loaded.

    On two cores that other work shares, spinning made a token up to 30 times as slow; on free cores it gains nothing.
    """
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    try:
        with named_extra():
            import xllamacpp
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]
    return xllamacpp  # type: ignore[no-any-return]


def check_model_file(path: Path) -> None:
    """Raise `ModelMissing` or `ModelError` unless ``path`` is a file that begins as a GGUF file does."""
    if not path.is_file():
        raise ModelMissing(f"There is no model file at {path}; `onrecord models` lists the models and how to pull one.")
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"GGUF":
        raise ModelError(f"{path} is not a model: a GGUF file begins with 'GGUF', this one with {magic!r}.")


class Slots:
    """Which of llama.cpp's slots reads a prompt, and whether it may go on from what was read there before.

    Prompts of a ``kind`` have a slot of their own. All others share one, and go on only where the last was read with
    the same adapter: what was read with one is not what is read without, and llama.cpp takes the two for the same. A
    prompt that goes on has not quite the numbers of one that is read whole (.34 for .30 was the most that was seen), so
    those by which an answer is judged are read whole, and alike whatever was asked before.
    """

    def __init__(self, number: int) -> None:
        self._kinds = dict.fromkeys(range(1, number), "")  # the one that was used last is last
        self._read_with = ""

    def of(self, adapter: str, kind: str) -> tuple[int, bool]:
        """The slot, and whether to go on."""
        if not kind or adapter:
            goes_on, self._read_with = self._read_with == adapter, adapter
            return 0, goes_on
        slot = next((slot for slot, held in self._kinds.items() if held == kind), next(iter(self._kinds)))
        del self._kinds[slot]
        self._kinds[slot] = kind
        return slot, True


class LlamaServer:
    """One loaded model. Calls from several threads wait in line, first come, first served."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        context_tokens: int,
        threads: int | None,
        cache_mib: int,
        adapters: Mapping[str, Path] = NO_ADAPTERS,
    ) -> None:
        for file in (path, *adapters.values()):
            check_model_file(file)
        self._name = name
        self.adapters = tuple(adapters)
        self._slots = Slots(SLOTS)
        self._context_tokens = context_tokens
        key = secrets.token_hex(32)
        library = _import_xllamacpp()
        params = _parameters(library, path, context_tokens, threads or physical_cores(), cache_mib, key)
        params.lora_adapters = [library.CommonAdapterLoraInfo(str(file), 0.0) for file in adapters.values()]
        try:
            self._server = library.Server(params)
        except RuntimeError as error:
            raise ModelError(
                f"llama.cpp could not load {path}: the file is damaged, of a kind it does not know, or too large for "
                "the memory that is free; `onrecord doctor` checks the models that were pulled."
            ) from error
        # trust_env=False: a proxy that is set for the web must not see the loopback calls.
        self._http = httpx.Client(
            base_url=self._server.listening_address,
            headers={"Authorization": f"Bearer {key}"},
            timeout=60.0,
            trust_env=False,
            verify=tls.nobody(),
        )
        self._closing = Event()
        self._answered = False  # whether it has ever taken up a request
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="onrecord-model")  # its queue is the line
        self.count_tokens: Callable[[str], int] = lru_cache(maxsize=8192)(self._count_tokens)
        self.apply_template: Callable[[tuple[tuple[str, str], ...]], str] = lru_cache(maxsize=64)(self._apply_template)

    def _count_tokens(self, text: str) -> int:
        return len(self._post("/tokenize", {"content": text})["tokens"])

    def _apply_template(self, messages: tuple[tuple[str, str], ...]) -> str:
        """The prompt as the model's own template, in its file, has it; one that thinks first is asked not to."""
        said = [{"role": role, "content": content} for role, content in messages]
        body = {"messages": said, "chat_template_kwargs": {"enable_thinking": False}}
        return str(self._post("/apply-template", body)["prompt"])

    def _post(self, path: str, body: Mapping[str, Any]) -> Chunk:
        try:
            response = self._http.post(path, json=body)
            data: Chunk = response.json()
        except (httpx.HTTPError, ValueError, RuntimeError) as error:
            raise ModelError(f"The model {self._name} did not reply ({error}); was it closed?") from error
        self._raise_error(data)
        return data

    def _raise_error(self, chunk: Mapping[str, Any]) -> None:
        """llama.cpp reports most failures as a dict with the key ``error``."""
        error = chunk.get("error")
        if not error:
            return
        if error.get("type") == "exceed_context_size_error":
            raise ModelError(
                f"The prompt has {error.get('n_prompt_tokens')} tokens, more than the {self._context_tokens} that "
                f"{self._name} is set to read at once; shorten the question or raise model.context_tokens."
            )
        raise ModelError(f"The model {self._name} refused the request: {error.get('message', error)}.")

    def stream(
        self,
        request: Mapping[str, Any],
        *,
        adapter: str = "",
        kind: str = "",
        on_done: Callable[[Mapping[str, Any]], None] = lambda timings: None,
    ) -> Iterator[Chunk]:
        """A completion's chunks as llama.cpp sends them. ``on_done`` gets the last timings, cancelled or not.

        ``kind``: a name for prompts with the same long beginning, which is then read once.
        A prompt that is being read is given up at the next of its steps, once `stopping.stops_when` says so.
        """
        chunks: SimpleQueue[Chunk | None] = SimpleQueue()
        cancelled, asked = Event(), stop_asked()
        timings: dict[str, Any] = {}
        scales = [{"id": n, "scale": float(name == adapter)} for n, name in enumerate(self.adapters)]

        def receive(chunk: Chunk) -> bool:
            self._answered = True
            timings.update(chunk.get("timings") or {})
            chunks.put(chunk)
            # True stops the model; an exception here would be swallowed.
            return cancelled.is_set() or self._closing.is_set() or asked()

        def work() -> None:
            try:
                if not (cancelled.is_set() or asked()):
                    slot, kept = self._slots.of(adapter, kind)
                    options = {"stream": True, "timings_per_token": True, "return_progress": True, "cache_prompt": kept}
                    asked_for = {**request, **options, "lora": scales, "id_slot": slot}
                    self._server.handle_completions(asked_for, receive)
            finally:
                on_done(timings)

        try:
            job: Future[None] = self._worker.submit(work)
        except RuntimeError as error:
            raise self._closed() from error
        job.add_done_callback(lambda job: chunks.put(None))  # also when it is dropped from the line by `close`
        try:
            while (chunk := chunks.get()) is not None:
                self._raise_error(chunk)
                yield chunk
                go_on()
            go_on()
            if job.cancelled() or self._closing.is_set():
                raise self._closed()
            job.result()
        except ValueError as error:  # what llama.cpp raises for a request that it cannot read
            raise ModelError(f"The model {self._name} refused the request: {error}.") from error
        finally:
            cancelled.set()
            if not job.cancel():  # it has begun: the model stops within a token, and then its usage is known
                job.exception()

    def _closed(self) -> ModelError:
        return ModelError(f"The model {self._name} was closed; load it again.")

    def close(self) -> None:
        """Stop the call that runs within a token, drop those in line, and free the model's memory."""
        self._closing.set()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._http.close()
        if self._server is not None and not self._answered:
            self._wait_for_loop()
        self._server = None

    def _wait_for_loop(self) -> None:
        """A server that is freed before its own loop has begun never hears of it, and is waited for without end.

        So it is given the least that there is to do, and freed once that was taken up.
        """
        with suppress(RuntimeError, ValueError):
            self._server.handle_completions({"prompt": "a", "n_predict": 1, "stream": True}, lambda chunk: True)


def _parameters(library: ModuleType, path: Path, context_tokens: int, threads: int, cache_mib: int, key: str) -> Any:
    params = library.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_tokens
    params.n_parallel, params.kv_unified = SLOTS, True  # the context is one: what others keep of it gives way
    params.cache_idle_slots = False  # they would be emptied
    params.n_batch = params.n_ubatch = BATCH_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = cache_mib  # the default, 8 GiB, grows until it is reached
    params.hostnames, params.api_keys = ["127.0.0.1"], [key]
    params.cors_origins, params.cors_credentials = "", False  # by default it answers the pages of any web site
    params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
    params.n_threads_http = 2
    params.warmup = False
    params.verbosity = -1
    return params


def chunk_text(chunk: Chunk) -> str:
    """The text in a chunk; empty for those that only report progress."""
    choices = chunk.get("choices")
    return str(choices[0].get("text") or "") if choices else ""
