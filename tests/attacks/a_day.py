"""What a person does in a day, as one program to be watched from outside: ``python a_day.py SECONDS``.

In the current folder it adds an article, searches and asks by the command line, asks the served page's HTTP interface,
and runs an app that embeds the library; the server and the app then stay idle that many seconds. Prints what each step
gave as JSON. The embedder's faster form is made anew here where the models folder has none, so that is watched too.
"""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

MODEL = "smollm2-135m"
QUESTION = "When was the Old Mill Bridge closed?"
ARTICLE = (
    "Old Mill Bridge closed\n\nThe Old Mill Bridge in Larnville was closed on Monday after inspectors found cracks in "
    "two of its supports. Repairs would cost 2.4 million euros, said Mayor Ilse Brandt.\n"
)
APP = """
import sys, time
from onrecord.index import Library, article_from_text
with Library("app-data") as library:
    library.add([article_from_text("A free ferry will carry pedestrians across the Larn while the bridge is shut.")])
    print(library.search("ferry")[0].passage.text)
    sys.stdout.flush()
    time.sleep(float(sys.argv[1]))
"""
PATIENCE = 240.0  # seconds for the server to be up, on a loaded machine


def main(idle: float) -> None:
    Path("article.txt").write_text(ARTICLE, encoding="utf-8")
    steps = {"add": onrecord("add", "article.txt")}
    app = subprocess.Popen([sys.executable, "-c", APP, str(idle)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    steps["search"] = onrecord("search", "cracks in the bridge")
    steps["ask"] = onrecord("ask", QUESTION, "--model", MODEL)
    steps["chat"] = chat(idle)
    said = app.communicate(timeout=idle + PATIENCE)[0].decode()
    steps["app"] = {"code": app.returncode, "said": said}
    print(json.dumps(steps))


def onrecord(*arguments: str) -> dict[str, object]:
    command = [sys.executable, "-m", "onrecord.ui.cli.main", *arguments, "--data", "data"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return {"code": done.returncode, "said": done.stdout}


def chat(idle: float) -> dict[str, object]:
    """The served page: opened, asked once, then idle, then stopped as Ctrl-C stops it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "onrecord.ui.cli.main", "chat", "--no-browser", "--port", str(port)]
    with Path("chat.log").open("w+") as log:
        options = ["--data", "data", "--model", MODEL]
        server = subprocess.Popen([*command, *options], stdout=log, stderr=subprocess.STDOUT)
        try:
            page = fetched(server, f"http://127.0.0.1:{port}/")
            body = json.dumps({"question": QUESTION}).encode()
            ask = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/v1/ask", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(ask, timeout=PATIENCE) as reply:
                answer = json.loads(reply.read())
            time.sleep(idle)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=60)
        log.seek(0)
        return {"code": server.returncode, "said": log.read(), "page": len(page), "status": answer["status"]}


def fetched(server: "subprocess.Popen[bytes]", address: str) -> bytes:
    """The page, as soon as the server is up."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=PATIENCE) as reply:
                return bytes(reply.read())
        except urllib.error.URLError:
            time.sleep(0.5)
    raise SystemExit(f"the server was not up in time: {Path('chat.log').read_text()}")


if __name__ == "__main__":
    main(float(sys.argv[1]))
