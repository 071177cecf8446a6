"""The HTTP port on which a relay or a worker shows its metrics when it doesn't run under `dispatch up`.

Under `dispatch up` the web shows the metrics of all processes.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic import SecretStr

from dispatch.domain.title import Wording
from dispatch.errors import BadSettings, MissingPart
from dispatch.runtime import metrics
from dispatch.settings import Settings


def serve_metrics(settings: Settings) -> int:
    """Serve /metrics in a thread until the process ends; return the port, 0 when none is set.

    Raises BadSettings without a token, MissingPart when the port is taken.
    """
    if not settings.metrics_port:
        return 0
    if settings.metrics_token is None:
        raise BadSettings(
            Wording(
                "DISPATCH_METRICS_PORT: 没有 DISPATCH_METRICS_TOKEN 就无人能读",
                "DISPATCH_METRICS_PORT: nobody could read it without DISPATCH_METRICS_TOKEN",
            )
        )
    try:
        server = ThreadingHTTPServer(
            (settings.metrics_address, settings.metrics_port), _handler(settings.metrics_token)
        )
    except OSError as taken:
        place = f"{settings.metrics_address}:{settings.metrics_port}"
        raise MissingPart(
            part=Wording(f"指标的 {place}", f"{place} for metrics"),
            remedy=Wording(
                f"{taken.strerror}；请设置 DISPATCH_METRICS_PORT", f"{taken.strerror}; set DISPATCH_METRICS_PORT"
            ),
        ) from None
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()
    return server.server_port


def _handler(token: SecretStr) -> type[BaseHTTPRequestHandler]:
    class MetricsHandler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            scheme, _, shown = self.headers.get("Authorization", "").partition(" ")
            if self.path != "/metrics":
                self._answer(404, b"")
            elif scheme.lower() != "bearer" or not metrics.may_read(token, shown):
                self._answer(401, b"")
            else:
                self._answer(200, metrics.exposition())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", metrics.MEDIA_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing: a scrape is no event."""

    return MetricsHandler
