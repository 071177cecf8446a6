"""`python -m dispatch.web`, `dispatch web`: the web as a process. Any number may run, each on its own port."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording
from dispatch.errors import DispatchError, MissingPart
from dispatch.runtime import descriptors, metrics
from dispatch.runtime.child_process import mark_ready
from dispatch.runtime.logs import configure_logs
from dispatch.runtime.private_files import close_home, keep_private
from dispatch.settings import Settings, load_settings
from dispatch.storage import heartbeats
from dispatch.storage.migration import open_database
from dispatch.storage.open_keys import check_keys
from dispatch.storage.patience import when_free
from dispatch.web.app import create_app
from dispatch.web.connection_guard import ClosingReason
from dispatch.web.installation import Installation
from dispatch.web.keeper import Keeper
from dispatch.web.server import BACKLOG, Server

log = structlog.get_logger()


def main() -> None:
    """Serve. A fault of the installation is printed on one line, and the exit status is 1."""
    keep_private()
    descriptors.raise_limit()
    try:
        serve()
    except DispatchError as wrong:
        sys.exit(f"{wrong.code}: {wrong}")


def serve() -> None:
    """Serve until the process is stopped. Raises BadSettings, SchemaOutdated, BadRules, MissingPart, WrongKeys."""
    settings = load_settings()
    configure_logs(settings.zone)
    if closed := close_home(settings.root):
        log.warning("home was open to others", told=closed.en)
    database = when_free(lambda: open_database(settings))
    when_free(lambda: check_keys(settings, database, uses_keys=True))
    installation = Installation(settings, database)
    when_free(installation.rulebook)
    listening = listen(settings)
    address, port = listening.getsockname()[:2]
    keeper = Keeper(installation, heartbeats.process_name("web", f":{port}"))
    with suppress(SQLAlchemyError):  # a database that takes no writes can be read; the thread says so and tries again
        keeper.beat()
    keeper.start()
    with suppress(OSError):  # a full disk
        print(f"ready: {settings.web_url or f'http://{address}:{port}'}", flush=True)
    mark_ready(settings.run, os.environ.get("SUPERVISED_AS", "web"))
    metrics.begin_connections(ClosingReason)
    guard, app = installation.connections, create_app(installation)
    Server(app, guard, proxies=settings.web_proxies, ending=installation.live.stop).run(sockets=[listening])


def listen(settings: Settings) -> socket.socket:
    """The listening socket. Raises MissingPart when the port is taken."""
    try:
        return socket.create_server((settings.web_address, settings.web_port), backlog=BACKLOG)
    except OSError as taken:
        place, why = f"{settings.web_address}:{settings.web_port}", system_fault(taken)
        raise MissingPart(
            part=Wording(f"网页服务的 {place}", f"{place} for the web"),
            remedy=Wording(
                f"{why.zh}；请设置 DISPATCH_WEB_PORT（0 为任意端口）或 DISPATCH_WEB_ADDRESS",
                f"{why.en}; set DISPATCH_WEB_PORT, 0 takes any, or DISPATCH_WEB_ADDRESS",
            ),
        ) from None


if __name__ == "__main__":
    main()
