"""A server on this machine that answers range requests, counts them, and misbehaves when told to."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server serves, how, and what was asked of it.

    Attributes
    ----------
    files : dict
        Content by path.
    requests : list of (int, int)
        Offset and length of each range that was asked for.
    ignores_ranges : bool
        Answer with the whole file.
    failures : int
        Answers still to be cut off halfway.
    status : int or None
        Answer requests for content with this status.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[int, int]] = field(default_factory=list)
    ignores_ranges: bool = False
    failures: int = 0
    status: int | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bytes_asked(self) -> int:
        return sum(length for _, length in self.requests)


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(send=False)

        def do_GET(self) -> None:
            self._answer(send=True)

        def _answer(self, *, send: bool) -> None:
            content = site.files.get(self.path.lstrip("/"))
            if content is None or (send and site.status):
                self.send_error(site.status or 404)
                return
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            start, stop = (int(asked[1]), int(asked[2]) + 1) if asked else (0, len(content))
            if send:
                with site.lock:
                    site.requests.append((start, stop - start))
            partial = asked is not None and not site.ignores_ranges
            body = content[start:stop] if partial else content
            self.send_response(206 if partial else 200)
            self.send_header("Content-Length", str(len(body)))
            if not site.ignores_ranges:
                self.send_header("Accept-Ranges", "bytes")
            if partial:
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
            self.end_headers()
            if not send:
                return
            with site.lock:
                cut, site.failures = site.failures > 0, max(site.failures - 1, 0)
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serve(**files: bytes) -> Iterator[Site]:
    """Serve files of these names until the block ends."""
    site = Site(files=dict(files))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
