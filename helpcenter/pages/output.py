"""Output: how templates write a value, escaped as ever, in a third of the time.

In: templates. Out: a Jinja environment for Flask. Why: Jinja wraps each value in a `Markup` only to join it with its
neighbours, 0.4 µs each, and a page of results has some 300: a twentieth of its time. Templates see no difference.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from flask.templating import Environment
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

_special = re.compile("[&<>'\"]").search
"""Finds what `escape` would change."""


def written(value: object) -> str:
    """`value` as it stands on a page: escaped, unless it is HTML already."""
    if type(value) is str:
        return escape(value) if _special(value) else value
    if type(value) is Markup:
        return value
    return str(value) if type(value) is int else escape(value)


class Generator(CodeGenerator):
    """Compiles `{{ value }}` to `written(value)` where Jinja's own writes `escape(value)`.

    The method has no public name; Jinja's NativeCodeGenerator changes it too.
    """

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.written(")
        else:
            super()._output_child_pre(node, frame, finalize)


class OurEnvironment(Environment):
    """Flask's, with this generator."""

    code_generator_class = Generator
    written = staticmethod(written)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """What all templates know, as a plain dict: Jinja's chain of two is copied for each page, 30 µs."""
        return {**self.globals, **(d or {})}
