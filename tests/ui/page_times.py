"""How long a person waits at the page, measured in the browser, against the real server.

``python tests/ui/page_times.py --data FOLDER --questions FILE.jsonl --out FILE.json`` serves the collection in FOLDER
with the configured model (``--model none``: quotes only) and asks a sample of the file's questions, each in a
conversation of its own. The clock is the page's own: from Enter to the first frame that shows the first evidence, the
quote that answers, the first word of the answer or of "The articles do not say", and the finished answer. The
conversations stay in FOLDER.
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium")  # None: the one that Playwright fetched
START_S = 300.0  # within which the server must be up: a large model is read from disk first
SETTLE_MS = 700  # between the first view and the question, so that nothing of the view's own work is measured
TIMES = ("evidence", "quote", "first_word", "finished")

# Installed before the page's own scripts. The times are those of the frame after the change, which is what is seen.
CLOCK = """
(() => {
  const text = (turn, s) => [...turn.querySelectorAll(s)].some((node) => node.textContent.trim());
  const marks = {
    evidence: () => document.querySelector('#sources .card'),
    quote: (turn) => turn && text(turn, '.lead blockquote'),
    first_word: (turn) => turn && text(turn, '.said, .abstained, .positions blockquote, .failed'),
    finished: (turn) => turn && turn.querySelector('.actions'),
  };
  const clock = window.onrecordClock = {entered: null, seen: {}};
  const look = () => {
    if (clock.entered === null) return;
    const turn = [...document.querySelectorAll('.turn')].pop();
    for (const [name, there] of Object.entries(marks)) {
      if (name in clock.seen || !there(turn)) continue;
      clock.seen[name] = null;
      requestAnimationFrame(() => { clock.seen[name] = (performance.now() - clock.entered) / 1000; });
    }
  };
  addEventListener('keydown', (e) => {
    if (e.key !== 'Enter' || !e.target.closest?.('#question')) return;
    clock.entered = performance.now(); clock.seen = {};
  }, true);
  new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
})()
"""
STATE = """() => {
  const turn = [...document.querySelectorAll('.turn')].pop();
  const has = (s) => Boolean(turn && turn.querySelector(s));
  return {
    seen: window.onrecordClock.seen,
    outcome: has('.failed') ? 'failed' : has('.abstained') ? 'abstained' : has('.said, .positions') ? 'answered' : '',
    chips: turn ? turn.querySelectorAll('.chip').length : 0,
    model: [...(turn ? turn.querySelectorAll('.how dt') : [])]
      .find((name) => name.textContent === 'Model')?.nextElementSibling.textContent || '',
  };
}"""
DONE = "() => typeof window.onrecordClock.seen.finished === 'number'"


@dataclass(frozen=True, slots=True)
class Row:
    """One question. Times in seconds from Enter; None for what never came within the limit."""

    question: str
    outcome: str  # answered, abstained, failed, or over the limit
    evidence: float | None
    quote: float | None  # that answers, in the article's own words
    first_word: float | None
    finished: float | None
    chips: int
    model: str  # as the page names it


def read_questions(path: Path, count: int, seed: int) -> list[str]:
    """A sample of the file's questions, drawn by ``seed``, in the file's order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    every = [str(json.loads(line)["question"]) for line in lines if line.strip()]
    kept = sorted(random.Random(seed).sample(range(len(every)), min(count, len(every))))
    return [every[n] for n in kept]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(data: Path, model: str) -> Iterator[str]:
    """The server as a process of its own, told to stay offline; its address once the page answers."""
    port = free_port()
    call = [sys.executable, "-c", "from onrecord.ui.cli.main import main; main()", "chat", "--data", str(data)]
    call += ["--port", str(port), "--no-browser", *(["--model", model] if model else [])]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    server = subprocess.Popen(call, env={**os.environ, **offline}, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_S
        while not _answers(port):
            if server.poll() is not None:
                raise SystemExit(f"The server ended with exit code {server.returncode}; its message is above.")
            if time.monotonic() > deadline:
                raise SystemExit(f"The server was not up after {START_S:.0f} seconds.")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def measure(page: Page, address: str, question: str, limit_s: float) -> Row:
    """Asks in a fresh conversation, as a person does: the question typed in, then Enter."""
    page.goto(address)
    page.wait_for_selector(".home")
    page.wait_for_timeout(SETTLE_MS)
    page.fill("#question textarea", question)
    page.wait_for_timeout(100)
    page.press("#question textarea", "Enter")
    deadline = time.monotonic() + limit_s
    # Asked for seldom: the clock runs in the page, and a page that is polled has less time for itself.
    while not (finished := page.evaluate(DONE)) and time.monotonic() < deadline:
        page.wait_for_timeout(150)
    state = page.evaluate(STATE)
    if not finished:
        page.locator("#stop").click(timeout=5_000)
        page.wait_for_selector("#ask", timeout=30_000)
    seen = {name: state["seen"].get(name) for name in TIMES}
    return Row(
        question, state["outcome"] if finished else "over the limit", **seen, chips=state["chips"], model=state["model"]
    )


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """p50 and p95 of each time over the rows that have it, interpolated between neighbours, and how many have it."""
    out: dict[str, Any] = {}
    for name in TIMES:
        times = [value for row in rows if (value := getattr(row, name)) is not None]
        p50, p95 = (round(float(x), 3) for x in np.percentile(times, (50, 95))) if times else (None, None)
        out[name] = {"p50": p50, "p95": p95, "n": len(times)}
    return out


def report(rows: Sequence[Row], facts: dict[str, Any]) -> dict[str, Any]:
    """Everything that is written: the machine, the summaries over all and by outcome, the rows."""
    outcomes = sorted({row.outcome for row in rows})
    by_outcome = {
        o: {"n": sum(r.outcome == o for r in rows), **summary([r for r in rows if r.outcome == o])} for o in outcomes
    }
    return {**facts, "n": len(rows), "all": summary(rows), "by_outcome": by_outcome, "rows": [asdict(r) for r in rows]}


def run(options: argparse.Namespace) -> dict[str, Any]:
    questions = read_questions(options.questions, options.sample, options.seed)
    rows: list[Row] = []
    load = [round(x, 2) for x in os.getloadavg()]
    with served(options.data, options.model) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(CLOCK)
        page.goto(address)
        try:  # the questions of the first view are found beside the start; they are not what is measured
            page.wait_for_selector(".suggestion", timeout=60_000)
        except Exception:  # noqa: BLE001  a collection that suggests none
            print("No suggested questions within 60 s; measuring without them.", file=sys.stderr)
        contents = page.locator(".home .contents").all_inner_texts()
        for number, question in enumerate(questions, start=1):
            rows.append(measure(page, address, question, options.limit_s))
            print(f"{number:3}/{len(questions)}  {line(rows[-1])}", flush=True)
        version = browser.version
        browser.close()
    facts = {
        "collection": " ".join(contents),
        "models": sorted({row.model for row in rows if row.model}),
        "questions": options.questions.name,
        "seed": options.seed,
        "limit_s": options.limit_s,
        "cores": len(os.sched_getaffinity(0)),
        "load_before": load,
        "load_after": [round(x, 2) for x in os.getloadavg()],
        "chromium": version,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return report(rows, facts)


def line(row: Row) -> str:
    times = "  ".join(f"{name} {'-' if (t := getattr(row, name)) is None else f'{t:.2f}'}" for name in TIMES)
    return f"{times}  {row.outcome:<15}{row.question[:70]}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Enter to evidence, first word, finished answer: in the browser.")
    parser.add_argument("--data", type=Path, required=True, help="the data folder of a collection with articles")
    parser.add_argument("--questions", type=Path, required=True, help="JSONL with a field 'question'")
    parser.add_argument("--sample", type=int, default=20, help="how many questions (default 20)")
    parser.add_argument("--seed", type=int, default=0, help="which questions (default 0)")
    parser.add_argument("--model", default="", help="instead of the configured model; 'none' for quotes only")
    parser.add_argument("--limit-s", type=float, default=180.0, help="seconds for one answer (default 180)")
    parser.add_argument("--out", type=Path, required=True, help="where the JSON goes")
    options = parser.parse_args()
    found = run(options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\n{'Enter to':<12}{'p50 s':>8}{'p95 s':>8}{'n':>5}")
    for name, cell in found["all"].items():
        print(f"{name:<12}{cell['p50'] or 0:>8.2f}{cell['p95'] or 0:>8.2f}{cell['n']:>5}")
    outcomes = ", ".join(f"{cell['n']} {outcome}" for outcome, cell in found["by_outcome"].items())
    print(f"{options.out}: {outcomes}")


if __name__ == "__main__":
    main()
