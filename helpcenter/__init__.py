"""The web application: `create_app` is its table of contents.

In: settings, a built index. Out: a Flask application that answers every address of the help center.
Why imports stay inside the function: `helpcenter --help` loads this package too, without Flask or index.
To add pages: write a blueprint in a module of its own and add it to the list below; errors, security headers, caching
and the Traditional Chinese mirror then hold for it as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from helpcenter.settings import Settings
    from index import Engine


def create_app(settings: Settings | None = None, *, library: Engine | None = None) -> Flask:
    """The application for `settings` (the environment's by default).

    `library` takes the place of the one that `settings.index` names. A missing index is no error here: pages answer
    503 until one is built. Raises `SettingsError`.
    """
    from flask import Flask

    from helpcenter.api import articles, openapi, reference
    from helpcenter.api import guides as api_guides
    from helpcenter.feedback import views as feedback
    from helpcenter.guides import views as guides
    from helpcenter.http import caching, cross_origin, htmx, markdown, security, traditional
    from helpcenter.insights import recording
    from helpcenter.insights import views as insights
    from helpcenter.offline import views as offline
    from helpcenter.pages import branding, errors, feeds, frame, views
    from helpcenter.serving import metrics
    from helpcenter.settings import load_settings
    from index import open_library

    settings = settings or load_settings()
    app = Flask(__name__, static_folder=None)
    app.extensions["settings"] = settings
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["library"] = library or open_library(
        settings.index, settings.index_key, settings.meaning, settings.engine
    )

    frame.prepare(app)
    htmx.prepare(app)
    feedback.prepare(app)
    insights.prepare(app)
    offline.prepare(app)
    errors.prepare(app)
    pages = (views, guides, feedback, insights, feeds, branding, reference, offline)
    for module in (*pages, articles, api_guides, openapi, cross_origin, metrics):
        app.register_blueprint(module.blueprint)
    app.register_blueprint(caching.static_files)

    # Each wraps the one before: what is kept is finished and translated, what goes out carries the headers.
    caching.prepare(app)
    recording.prepare(app)
    traditional.prepare(app)
    markdown.prepare(app)
    cross_origin.prepare(app)
    metrics.prepare(app)
    security.prepare(app)
    return app
