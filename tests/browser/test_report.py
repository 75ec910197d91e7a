"""The report in a real browser: it renders whole, says nothing on the console and asks the network for nothing."""

import functools
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.unit.report.example import PCNS, pages, report

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--log-level=0",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH"),
]

BROWSERS_OWN = ("clients2.google.com", "accounts.google.com", "update.googleapis.com")
"""Hosts a browser asks for reasons of its own, whatever page it shows."""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>x</title></head>
<body>{body}</body></html>"""


@pytest.fixture
def proxy():
    """A proxy that answers nothing and keeps what it was asked for; loopback goes through it too."""
    asked: list[str] = []

    class Recorder(BaseHTTPRequestHandler):
        def _record(self):
            if not any(host in self.path for host in BROWSERS_OWN):
                asked.append(f"{self.command} {self.path}")
            self.send_error(502)

        do_GET = do_POST = do_CONNECT = do_HEAD = _record

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Recorder)
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def _rendered(page: str, folder: Path, proxy: str) -> tuple[str, list[str]]:
    """The document after rendering and the console's lines."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    own = [f"--user-data-dir={folder / 'profile'}", f"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>"]
    done = subprocess.run(
        [BROWSER, *FLAGS, *own, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def test_a_page_that_asks_and_complains_is_noticed(tmp_path, proxy):
    address, asked = proxy
    body = '<img src="http://example.org/picture.png"><script>console.error("broken")</script>'
    _, console = _rendered(PAGE.format(body=body), tmp_path, address)
    assert [line for line in asked if "example.org" in line]
    assert [line for line in console if "broken" in line]


@pytest.mark.parametrize("made", [report, lambda: pages()[PCNS[0][0]]], ids=["report", "know_your_pcn"])
def test_a_page_renders_without_network_or_complaint(tmp_path, proxy, made):
    address, asked = proxy
    page = made()
    document, console = _rendered(page, tmp_path, address)
    assert document.rstrip().endswith("</html>")
    assert len(re.findall("<svg ", document)) == len(re.findall("<svg ", page)) > 2
    assert asked == []
    assert console == []
