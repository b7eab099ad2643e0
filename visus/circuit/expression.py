"""A typed expression, "(x + y) * z", as a function of tensors: read with Python's own grammar, never run as Python."""

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

LONGEST, DEEPEST = 1000, 100  # letters, and brackets within brackets
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "abs": torch.abs,
    "cos": torch.cos,
    "exp": torch.exp,
    "log": torch.log,
    "matmul": torch.matmul,
    "max": torch.maximum,
    "mean": torch.mean,
    "min": torch.minimum,
    "norm": torch.linalg.vector_norm,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "sin": torch.sin,
    "sqrt": torch.sqrt,
    "sum": torch.sum,
    "tanh": torch.tanh,
}
TWO = frozenset(["max", "min", "matmul"])  # functions of two inputs, or more; the others take one
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
    ast.MatMult: lambda a, b: a @ b,
    ast.USub: lambda a: -a,
    ast.UAdd: lambda a: a,
}


def parse(text: str) -> Callable[..., Tensor]:
    """A function whose arguments are the names in `text`, in the order in which they first appear.

    Known are + - * / ** @, x.T, x[0], numbers, brackets and FUNCTIONS; max and min compare two or more inputs, or look
    for the largest within one. Raises ValueError that names what is not understood.
    """
    if len(text) > LONGEST:
        raise ValueError(f"an expression has at most {LONGEST} letters; got {len(text)}")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", "") or "it nests too deeply"
        raise ValueError(f"'{text}' is no expression ({reason}); write one as (x + y) * z") from None
    names = _names(tree, text)
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    signature = inspect.Signature(parameters)

    def expression(*args: Any, **kwargs: Any) -> Any:
        values = signature.bind(*args, **kwargs).arguments
        try:
            return _value(tree, values)
        except (OverflowError, ZeroDivisionError) as error:
            raise ValueError(f"the numbers in '{text}' cannot be worked out: {error}") from None

    expression.__signature__ = signature  # type: ignore[attr-defined]
    return expression


def _names(tree: ast.AST, text: str) -> list[str]:
    """The inputs of an expression; everything in it is checked on the way."""
    found: dict[str, None] = {}

    def visit(node: ast.AST, depth: int = 0) -> None:
        if depth > DEEPEST:
            raise ValueError(f"'{text[:40]}...' nests too deeply; write a shorter expression")
        within = partial(visit, depth=depth + 1)
        match node:
            case ast.Name(id=name):
                found.setdefault(name)
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                pass
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                within(left)
                within(right)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
                within(operand)
            case ast.Attribute(value=inner, attr="T"):
                within(inner)
            case ast.Subscript(value=inner, slice=place) if _is_whole(place):
                within(inner)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS and args:
                if len(args) > 1 and name not in TWO:
                    raise ValueError(f"{name} takes one input; got {len(args)} in '{ast.unparse(node)}'")
                for argument in args:
                    within(argument)
            case ast.BinOp(op=ast.BitXor()):
                raise ValueError(f"'^' is no power here; write ** in '{ast.unparse(node)}'")
            case _:
                known = ", ".join(FUNCTIONS)
                raise ValueError(f"'{ast.unparse(node)}' is not understood; known are + - * / ** @ and {known}")

    visit(tree)
    if not found:
        raise ValueError(f"'{text}' has no inputs; name at least one, as x in 2 * x")
    taken = [name for name in found if name in FUNCTIONS]
    if taken:
        raise ValueError(f"'{taken[0]}' is a function and cannot be an input too; write {taken[0]}(...), or rename it")
    return list(found)


def _is_whole(node: ast.AST) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(inner, ast.Constant) and type(inner.value) is int


def _value(node: ast.AST, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]  # a whole number to a power could fill the memory
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_value(operand, values))
        case ast.Attribute(value=inner):
            return _tensor(_value(inner, values)).mT
        case ast.Subscript(value=inner, slice=place):
            return _value(inner, values)[ast.literal_eval(place)]
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, [_tensor(_value(argument, values)) for argument in args])
    raise AssertionError(f"{ast.dump(node)} was not checked")


def _call(name: str, arguments: list[Tensor]) -> Tensor:
    if name in ("max", "min") and len(arguments) == 1:
        return arguments[0].max() if name == "max" else arguments[0].min()
    found = arguments[0]
    if name not in TWO:
        return FUNCTIONS[name](found)
    for argument in arguments[1:]:
        found = FUNCTIONS[name](found, argument)
    return found


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor(float(value), dtype=torch.float64)
