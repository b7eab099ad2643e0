"""NumPy expressions from a file of facts, read with Python's grammar and never run as Python: only what is listed."""

import ast
from collections.abc import Mapping
from typing import Any

import numpy as np

from visus.circuit import expression

FUNCTIONS = {
    "linspace",
    "array",
    "ones",
    "zeros",
    "full",
    "arange",
    "eye",
    "abs",
    "exp",
    "sqrt",
    "RandomState",
    "float64",
}
METHODS = {"reshape", "randn", "rand", "randint", "normal", "uniform", "choice", "permutation", "astype", "sum", "T"}
OPERATORS = {**expression.OPERATORS, ast.Lt: lambda a, b: a < b, ast.Mod: lambda a, b: a % b}


def value(text: str, names: Mapping[str, Any]) -> Any:
    """What an expression of numbers, np, and `names` (rs, for one) comes to. Raises ValueError for anything else."""
    try:
        return _value(ast.parse(text, mode="eval").body, {"np": np, **names})
    except SyntaxError as error:
        raise ValueError(f"'{text}' is not an expression") from error


def assign(text: str) -> dict[str, Any]:
    """The names that lines such as 'rs = np.random.RandomState(231)' define."""
    found: dict[str, Any] = {}
    for line in ast.parse(text).body:
        if not (isinstance(line, ast.Assign) and len(line.targets) == 1 and isinstance(line.targets[0], ast.Name)):
            raise ValueError(f"a prelude is made of lines 'name = expression'; got '{ast.unparse(line)}'")
        found[line.targets[0].id] = _value(line.value, {"np": np, **found})
    return found


def _value(node: ast.AST, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() | str() as constant):
            return constant
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            found = [_value(item, names) for item in items]
            return tuple(found) if isinstance(node, ast.Tuple) else found
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(operand, names))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
            return OPERATORS[type(op)](_value(left, names), _value(right, names))
        case ast.Attribute():
            return _attribute(node, names)
        case ast.Call(func=ast.Attribute() as function, args=args, keywords=keywords):
            chosen = {word.arg: _value(word.value, names) for word in keywords if word.arg}
            return _attribute(function, names)(*(_value(a, names) for a in args), **chosen)
    raise ValueError(f"'{ast.unparse(node)}' is not allowed in an expression")


def _attribute(node: ast.Attribute, names: Mapping[str, Any]) -> Any:
    owner = node.value
    if isinstance(owner, ast.Name) and owner.id == "np":
        if node.attr in FUNCTIONS:
            return getattr(np, node.attr)
    elif isinstance(owner, ast.Attribute) and ast.unparse(owner) == "np.random":
        if node.attr == "RandomState":
            return np.random.RandomState  # the facts were made with it
    elif node.attr in METHODS:
        return getattr(_value(owner, names), node.attr)
    raise ValueError(f"'{ast.unparse(node)}' is not allowed in an expression")
