"""The pages of the shop over HTTP, for this machine alone."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_HOST = "127.0.0.1"
_SITE = Path(__file__).parent / "site"
_PAGES = {"index": ("Plants", "list"), "product": ("Plant", "product"), "cart": ("Cart", "cart")}
_PAGES["checkout"] = ("Checkout", "checkout")


class ShopServer(ThreadingHTTPServer):
    """Answers with the pages, the style and the scripts of the shop. Raises OSError if the port is taken.

    Args:
        collector: where the tracker sends to.
        live: where the live counters are shown.
        tracker: the built browser tracker.
        port: 0 for any that is free.
    """

    daemon_threads = True

    def __init__(self, collector: str, live: str, tracker: Path, port: int = 0) -> None:
        super().__init__((_HOST, port), _Handler)
        page = (_SITE / "page.html").read_text(encoding="utf-8")
        self.files = {
            "/clickstream.min.js": ("text/javascript", tracker.read_bytes()),
            "/shop.js": ("text/javascript", (_SITE / "shop.js").read_bytes()),
            "/shop.css": ("text/css", (_SITE / "shop.css").read_bytes()),
        }
        for name, (title, kind) in _PAGES.items():
            text = page.format(title=title, page=kind, collector=collector.rstrip("/"), live=live)
            self.files[f"/{name}.html"] = ("text/html", text.encode())
        self.files["/"] = self.files["/index.html"]

    @property
    def url(self) -> str:
        """Where the shop is."""
        return f"http://{_HOST}:{self.server_port}/"


class _Handler(BaseHTTPRequestHandler):
    server: ShopServer
    timeout = 30

    def do_GET(self) -> None:
        kind, body = self.server.files.get(self.path.partition("?")[0], ("", b""))
        if not kind:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", f"{kind}; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Nothing: the line that the command prints must stay in sight."""
