"""`rival.py ENGINE FOLDER PORT`: a rival behind the very server that `helpcenter serve` runs, options included."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from engines import ENGINES, app_of
from flask import Flask

from helpcenter.serving.server import OPTIONS, Server
from helpcenter.settings import Settings


class Rival(Server):
    """The server around another application."""

    def load(self) -> Flask:
        engine = ENGINES[sys.argv[1]]()
        engine.open(Path(sys.argv[2]))
        app = app_of(engine)
        app.test_client().get("/search?q=eSIM")
        gc.collect()
        gc.freeze()
        return app


Rival(Settings(), OPTIONS | {"bind": f"127.0.0.1:{sys.argv[3]}", "workers": 2}).run()
