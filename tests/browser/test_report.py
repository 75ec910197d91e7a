"""The report in a real browser: it renders whole, says nothing on the console and asks the network for nothing."""

import functools
import html
import json
import os
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.unit.report.example import PCNS, site

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
    "--virtual-time-budget=20000",  # promises of a page are kept before it is read
    "--enable-logging=stderr",
    "--log-level=0",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on the PATH"),
]

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FINDINGS = "{passes: r.passes.length, violations: r.violations.map(v => [v.id, v.nodes.map(n => n.target)])}"
PAGES = (
    "index.html",
    "compare.html",
    "areas.html",
    "lists.html",
    "methods.html",
    "place-L1.html",
    f"pcn-{PCNS[0][0]}.html",
    "measure-recorded_hypertension_prevalence.html",
)
PICTURES = (
    ("measure-recorded_hypertension_prevalence.html", "report.png"),
    (f"pcn-{PCNS[0][0]}.html", "know_your_pcn.png"),
)
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


def _rendered(file: Path, profile: Path, proxy: str) -> tuple[str, list[str]]:
    """The document after rendering and the console's lines."""
    own = [f"--user-data-dir={profile}", f"--proxy-server={proxy}", "--proxy-bypass-list=<-loopback>"]
    done = subprocess.run(
        [BROWSER, *FLAGS, *own, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site as it lies on a file share."""
    folder = tmp_path_factory.mktemp("site")
    for name, content in site().items():
        (folder / name).write_bytes(content)
    return folder


def test_a_page_that_asks_and_complains_is_noticed(tmp_path, proxy):
    address, asked = proxy
    body = '<img src="http://example.org/picture.png"><script>console.error("broken")</script>'
    file = tmp_path / "page.html"
    file.write_text(PAGE.format(body=body), encoding="utf-8")
    _, console = _rendered(file, tmp_path / "profile", address)
    assert [line for line in asked if "example.org" in line]
    assert [line for line in console if "broken" in line]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_renders_without_network_or_complaint(folder, tmp_path, proxy, name):
    address, asked = proxy
    document, console = _rendered(folder / name, tmp_path / "profile", address)
    assert document.rstrip().endswith("</html>")
    assert len(re.findall("<svg ", document)) == len(re.findall("<svg ", (folder / name).read_text(encoding="utf-8")))
    assert asked == []
    assert console == []


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core: npm install --prefix tests/browser")
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_against_wcag_2_2_aa(folder, tmp_path, proxy, name):
    page = (folder / name).read_text(encoding="utf-8")
    run = f"axe.run({{runOnly: {json.dumps(WCAG)}}}).then(r => document.title = JSON.stringify({FINDINGS}))"
    checked = folder / f"checked-{name}"
    scripts = (AXE.read_text(encoding="utf-8"), run)
    checked.write_text(page + "".join(f"<script>{script}</script>" for script in scripts), encoding="utf-8")
    document, _ = _rendered(checked, tmp_path / "profile", proxy[0])
    found = json.loads(html.unescape(re.search("<title>(.*?)</title>", document)[1]))
    assert found["passes"] > 10
    assert found["violations"] == []


@pytest.mark.skipif("PHM_SCREENSHOTS" not in os.environ, reason="PHM_SCREENSHOTS=docs/images writes the docs' pictures")
@pytest.mark.parametrize(("name", "picture"), PICTURES)
def test_pictures_for_the_docs(folder, tmp_path, name, picture):
    target = Path(os.environ["PHM_SCREENSHOTS"]).resolve() / picture
    own = [f"--user-data-dir={tmp_path}", "--hide-scrollbars", "--window-size=1100,1500", f"--screenshot={target}"]
    subprocess.run([BROWSER, *FLAGS, *own, (folder / name).as_uri()], capture_output=True, timeout=120, check=True)
    assert target.stat().st_size > 20_000
