"""A real HTTP server for tests of downloads: it breaks connections in the middle, or cannot resume."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from da_core.data.download import Remote


class Shelf:
    """``files`` by name; the next ``drops`` answers end after ``after`` bytes; ``asked`` are the ranges asked for.

    With ``pause`` set, an answer waits for it in the middle.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.files: dict[str, bytes] = {}
        self.drops, self.after = 0, 1000
        self.resumes = True
        self.asked: list[str | None] = []
        self.pause: threading.Event | None = None

    def remote(self, name: str, content: bytes, *, folder: str = "things", elsewhere: str = "") -> Remote:
        """Put a file on the shelf; ``elsewhere`` is an address to try first."""
        self.files[name] = content
        urls = (elsewhere, f"{self.url}/{name}") if elsewhere else (f"{self.url}/{name}",)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return Remote("Things", folder, name, urls, md5, len(content))


@contextmanager
def opened() -> Iterator[Shelf]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            shelf.asked.append(asked)
            content = shelf.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and shelf.resumes else 0
            if start >= len(content) and start:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            rest = content[start:]
            if shelf.drops > 0:
                shelf.drops -= 1
                self.wfile.write(rest[: shelf.after])
                self.close_connection = True
                return
            self.wfile.write(rest[:1000])
            if shelf.pause is not None:
                shelf.pause.wait(30)
            self.wfile.write(rest[1000:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shelf = Shelf(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)  # seconds until it sees the end
    thread.start()
    try:
        yield shelf
    finally:
        if shelf.pause is not None:
            shelf.pause.set()
        server.shutdown()
        server.server_close()
        thread.join()
