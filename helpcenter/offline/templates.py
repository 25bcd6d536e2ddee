"""The server's own templates for a device: read by Jinja, handed on as lists that `static/pocket/templates.js` walks.

In: names of templates. Out: JSON. Why Jinja's own reading and no second set of templates: a saved page then looks as
the served one does, and a change of a template needs no second change. Only what our templates use is known here; any
other construct is an error when the pack is made, which a test makes.

A body is a list; text stands for itself, everything else is a list led by its kind:

    ["=", expression]  ["if", [[test, body] …], else]  ["for", target, list, body]  ["set", name, expression]
    ["include", name]  ["from", name]  ["macro", name, arguments, body]

Expressions: a constant in a list of its own, a name as text, or a list led by an operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from jinja2 import Environment, nodes

_LIVE = re.compile(r'\s(?:hx-[a-z-]+)="[^"]*"')
"""What only a server answers."""
_OPERATORS = {"eq": "==", "gt": ">", "ne": "!="}


def compiled(environment: Environment, names: Iterable[str]) -> dict[str, Any]:
    """Each template as a list; of one that extends another, the block `main`. Raises NotImplementedError."""
    return {name: _template(environment, name) for name in names}


def _template(environment: Environment, name: str) -> list[Any]:
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    tree = environment.parse(_LIVE.sub("", source))
    main = [block for block in tree.find_all(nodes.Block) if block.name == "main"]
    if not main:
        return _body(tree.body)
    brought = [node for node in tree.body if isinstance(node, nodes.FromImport)]
    return _body([*brought, *main[0].body])


def _body(parts: Iterable[nodes.Node]) -> list[Any]:
    found: list[Any] = []
    for part in parts:
        for one in part.nodes if isinstance(part, nodes.Output) else (part,):
            made = _statement(one)
            if isinstance(made, str) and found and isinstance(found[-1], str):
                found[-1] += made
            else:
                found.append(made)
    return found


def _statement(node: nodes.Node) -> Any:
    match node:
        case nodes.TemplateData():
            return node.data
        case nodes.If():
            branches = [[_value(one.test), _body(one.body)] for one in (node, *node.elif_)]
            return ["if", branches, _body(node.else_)]
        case nodes.For():
            return ["for", _names(node.target), _value(node.iter), _body(node.body)]
        case nodes.Assign():
            return ["set", _names(node.target), _value(node.node)]
        case nodes.Include() | nodes.FromImport():
            assert isinstance(node.template, nodes.Const)
            return ["include" if isinstance(node, nodes.Include) else "from", node.template.value]
        case nodes.Macro():
            return ["macro", node.name, [one.name for one in node.args], _body(node.body)]
        case nodes.Expr():
            return ["=", _value(node)]
    raise NotImplementedError(f"{node!r}")


def _names(target: nodes.Node) -> str | list[str]:
    if isinstance(target, nodes.Tuple):
        return [str(_names(one)) for one in target.items]
    assert isinstance(target, nodes.Name)
    return target.name


def _value(node: nodes.Node | None) -> Any:
    match node:
        case nodes.Name():
            return node.name
        case nodes.Const():
            return [node.value]
        case nodes.Getattr():
            return [".", _value(node.node), [node.attr]]
        case nodes.Getitem() if isinstance(node.arg, nodes.Slice):
            return ["slice", _value(node.node), _value(node.arg.stop)]
        case nodes.Getitem():
            return [".", _value(node.node), _value(node.arg)]
        case nodes.Not():
            return ["not", _value(node.node)]
        case nodes.And() | nodes.Or():
            return [type(node).__name__.lower(), _value(node.left), _value(node.right)]
        case nodes.CondExpr():
            return ["?", _value(node.test), _value(node.expr1), _value(node.expr2)]
        case nodes.Compare():
            (operand,) = node.ops
            return [_OPERATORS[operand.op], _value(node.expr), _value(operand.expr)]
        case nodes.Add():
            return ["+", _value(node.left), _value(node.right)]
        case nodes.Filter() if not node.args:
            return [f"|{node.name}", _value(node.node)]
        case nodes.Call():
            return ["call", _value(node.node), *map(_value, node.args)]
        case None:
            return [""]
    raise NotImplementedError(f"{node!r}")
