"""The page in a real browser: with payloads in every field no script runs and nothing is requested.

Needs Chromium or Chrome on the PATH and no Python package: `--dump-dom` prints the document after
it has loaded and run.  Controls prove that the trap would snap.
"""

import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from corpora import power_of

from corpusscan.report.html import TEMPLATES, build_html
from corpusscan.report.summary import summarize

pytestmark = pytest.mark.browser

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--virtual-time-budget=5000"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
FRAME = """<!doctype html><body><iframe src="/page" width="{width}" height="3000"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument.documentElement;
  const beyond = page.scrollWidth - page.clientWidth, scheme = getComputedStyle(page).colorScheme;
  document.body.textContent = "overflow: " + beyond + " style: " + scheme;
}}</script>"""


@pytest.fixture
def server():
    """A local server that records every path asked for, and serves `pages` by path."""
    asked, pages = [], {}

    class Recorder(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = pages.get(self.path, "").encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as running:
        running.asked, running.pages = asked, pages
        running.address = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def browse(tmp_path):
    """A function that opens an address in a fresh browser and returns the document as it then is."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium or Chrome on the PATH: apt-get install chromium")

    def dump(address: str) -> str:
        command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", address]
        return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode("utf-8", "replace")

    return dump


@pytest.fixture
def page(tables, extra, hostile, server):
    """The report of tables, columns, detectors and inputs that are all hostile."""
    strings = hostile(f"{server.address}/canary")
    told = {
        "inputs": strings,
        "tokenizer": strings[0],
        "detectors": strings,
        "columns": {"scanned": strings, "not_scanned": strings},
        "detectors_not_run": [{"name": text, "reason": text} for text in strings],
        "power": power_of(strings),
        "seconds": dict.fromkeys(strings, 1.0),
    }
    folder = tables(hostile=strings, documents=240, groups=24)
    return build_html(folder, summarize(folder, extra | told))


def opened(browse, tmp_path, html: str) -> str:
    """The document after the browser has opened `html` as a file."""
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    return browse(path.as_uri())


def test_the_trap_snaps(browse, tmp_path, hostile, server) -> None:
    """Control: unescaped and without a policy the same payloads run scripts and send requests."""
    for payload in ("<script>", "<img"):
        raw = next(text for text in hostile(f"{server.address}/canary") if text.startswith(payload))
        assert 'data-canary="1"' in opened(browse, tmp_path, f"<!doctype html><body>{raw}</body>")
    assert {"/canary?js", "/canary?img"} <= set(server.asked)


def test_no_script_and_no_request(browse, tmp_path, page, server) -> None:
    """The report opens, shows its verdict, runs nothing and asks for nothing."""
    document = opened(browse, tmp_path, page)
    assert "look planted" in document
    assert 'data-canary="1"' not in document
    assert "<script" not in document
    assert "<img" not in document
    assert server.asked == []


def test_the_policy_holds_alone(browse, tmp_path, page, hostile, server) -> None:
    """Even if escaping failed, the policy stops scripts and requests (but not a refresh: it is a navigation)."""
    raw = [text for text in hostile(f"{server.address}/canary") if "refresh" not in text]
    document = opened(browse, tmp_path, page.replace("</main>", "".join(raw) + "</main>"))
    assert "<img" in document, "the payloads did become elements"
    assert 'data-canary="1"' not in document
    assert server.asked == []


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_screen(browse, page, server, width) -> None:
    """At any width nothing scrolls sideways, hostile strings included, and the style is applied."""
    server.pages.update({"/frame": FRAME.format(width=width), "/page": page})
    document = browse(f"{server.address}/frame")
    assert "overflow: 0 style: light dark" in document
    assert {path.split("?")[0] for path in server.asked} <= {"/frame", "/page", "/favicon.ico"}


def test_what_follows_a_trigger_is_underlined(browse, server) -> None:
    """The second mark of an example is underlined and the first is not, also where escapes stand between them."""
    body = '<mark>one</mark> <span class="esc">\\n</span> and <mark>two</mark>'
    page = f'<style>{(TEMPLATES / "style.css").read_text()}</style><figure class="carrier">{body}</figure>'
    told = "[...document.querySelectorAll('mark')].map(m => getComputedStyle(m).textDecorationLine).join('-')"
    server.pages["/marks"] = f"<!doctype html>{page}<script>document.title = {told}</script>"
    assert "<title>none-underline</title>" in browse(f"{server.address}/marks")
