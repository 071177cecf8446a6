"""The product's Celery app and relay, with this installation's team modules in place of the product's own.

Run as a program it is the relay; Celery finds `app` in it.
"""

from __future__ import annotations

from pathlib import Path

import workers.teams

workers.teams.__path__ = [str(Path(__file__).parent / "teams")]

from workers.app import app  # noqa: E402
from workers.relay import main  # noqa: E402

__all__ = ["app"]

if __name__ == "__main__":
    main()
