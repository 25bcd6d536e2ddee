"""`rival.py ENGINE FOLDER PORT WORKERS`: a rival behind the server that `helpcenter serve` runs, options included."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from engines import ENGINES, app_of

from helpcenter.serving.server import server_at

engine = ENGINES[sys.argv[1]]()
engine.open(Path(sys.argv[2]))
app = app_of(engine)
app.test_client().get("/search?q=eSIM")
gc.collect()
gc.freeze()
server_at("127.0.0.1", int(sys.argv[3]), int(sys.argv[4])).serve(target_loader=lambda: app, wrap_loader=False)
