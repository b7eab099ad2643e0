"""What gates are called, how they are drawn, and what they do with the gradient that comes back."""

from collections.abc import Callable, Sequence
from typing import Any

from .wording import number

REFLECTED = {"rsub": "sub", "rdiv": "div", "rtruediv": "div", "rpow": "pow", "rmatmul": "matmul", "rfloordiv": "floor"}
SPELLINGS = {
    "add": "radd",
    "abs": "absolute",
    "cat": "concat concatenate",
    "clamp": "clamp_min clamp_max",
    "div": "truediv true_divide divide",
    "log sigmoid": "logsigmoid",
    "log softmax": "log_softmax",
    "matmul": "mm mv bmm dot inner",
    "max": "maximum amax",
    "min": "minimum amin",
    "mul": "rmul multiply",
    "neg": "negative",
    "pow": "float_power",
    "reshape": "view",
    "sigmoid": "expit special_expit",
    "sub": "subtract",
    "T": "mT t transpose permute",
}
SAME = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings.split()}
SYMBOLS = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "pow": "^",
    "neg": "× −1",
    "matmul": "@",
    "sum": "Σ",
    "sigmoid": "σ",
    "sqrt": "√",
    "rsqrt": "1/√x",
    "reciprocal": "1/x",
    "square": "x²",
    "abs": "|x|",
    "T": "ᵀ",
    "gt": ">",
    "lt": "<",
    "ge": "≥",
    "le": "≤",
    "eq": "=",
    "ne": "≠",
}
# What a gate does with the gradient G that reaches it. s, t, y: what the gate put out.
RULES = {
    "add": "distributor: hands its gradient on to every input",
    "sub": "distributor: hands its gradient on, to the second input with its sign turned",
    "sum": "distributor: hands its gradient on to every element",
    "mean": "distributor: hands an equal share of its gradient to every element",
    "mul": "switcher: each input gets the gradient times the other input",
    "max": "router: the gradient goes to the largest input, the others get 0",
    "min": "router: the gradient goes to the smallest input, the others get 0",
    "relu": "router: passes where the input is above 0, else 0",
    "clamp": "router: passes between the limits, else 0",
    "where": "router: the gradient goes where the value came from",
    "abs": "passes with the sign of the input",
    "neg": "local gradient −1",
    "div": "1/b for the numerator, −a/b² for the denominator",
    "reciprocal": "local gradient −1/x²",
    "pow": "local gradient n x^(n−1)",
    "square": "local gradient 2x",
    "sqrt": "local gradient 1/(2√x)",
    "exp": "local gradient e^x, its own output",
    "log": "local gradient 1/x",
    "sigmoid": "local gradient (1 − s) s",
    "tanh": "local gradient 1 − t²",
    "sin": "local gradient cos x",
    "cos": "local gradient −sin x",
    "matmul": "the first input gets G times the second transposed, the second the first transposed times G",
    "linear": "y = x Wᵀ + b: dx = G W, dW = Gᵀ x, db = the sum of G over the batch",
    "softmax": "dx = s (G − the sum of G s)",
    "cross_entropy": "(softmax − truth) over the batch size",
    "T": "turns the gradient back",
    "reshape": "brings the gradient back into shape",
    "flatten": "brings the gradient back into shape",
    "getitem": "puts the gradient back in its place, 0 elsewhere",
    "cat": "cuts the gradient apart",
    "stack": "cuts the gradient apart",
    "detach": "stops the gradient",
}
SECOND_IS_A_NUMBER = {
    "pow": "local gradient n x^(n−1)",
    "mul": "scales the gradient by the constant",
    "div": "divides the gradient by the constant",
    "add": "passes the gradient on unchanged",
    "sub": "passes the gradient on unchanged",
    "max": "router: passes where the input is above the constant, else 0",
    "min": "router: passes where the input is below the constant, else 0",
}
FIRST_IS_A_NUMBER = {
    "pow": "local gradient a^x ln a",
    "div": "local gradient −a/x²",
    "sub": "turns the gradient's sign",
}
CURVES = ("cos", "elu", "exp", "gelu", "leaky_relu", "log", "relu", "sigmoid", "silu", "sin", "softplus", "tanh")
POWERS = ("abs", "clamp", "neg", "pow", "reciprocal", "rsqrt", "sqrt", "square")
ELEMENTWISE = frozenset([*CURVES, *POWERS, "add", "sub", "mul", "div"])  # their Jacobian is diagonal
ARITHMETIC = frozenset(["add", "sub", "mul", "div", "pow", "max", "min"])
COMPARING = frozenset(["gt", "lt", "ge", "le", "eq", "ne"])
FLAT = frozenset(["round", "floor", "ceil", "trunc", "sign", "fix", "sgn"])  # torch gives them a gradient of 0


def name_of(func: Callable[..., Any]) -> tuple[str, bool]:
    """A torch function's name, one for all its spellings, and whether its operands are written the other way round."""
    name = getattr(func, "__name__", str(func))
    if name == "__get__":  # a property such as x.T
        name = str(getattr(getattr(func, "__self__", None), "__name__", name))
    bare = name.strip("_") if name.startswith("__") else name
    return SAME.get(bare, REFLECTED.get(bare, bare)), bare in REFLECTED


def symbol(name: str, operands: Sequence[float | None]) -> str:
    """What is written in a gate. operands: in written order, a number where it is a constant, else None."""
    sign = SYMBOLS.get(name, name)
    if len(operands) < 2 or operands[0] is operands[1] is None or name not in ARITHMETIC | COMPARING:
        return "x" + sign if sign == "ᵀ" else sign
    first, second = operands[:2]
    if second is not None:
        if name == "pow":
            return {2.0: "x²", 3.0: "x³", -1.0: "1/x", 0.5: "√"}.get(second, f"x^{number(second)}")
        return f"{sign} {number(second)}"
    return {"div": f"{number(first or 0)}/x", "pow": f"{number(first or 0)}^x", "sub": f"{number(first or 0)} − x"}.get(
        name, f"{sign} {number(first or 0)}"
    )


def rule(name: str, operands: Sequence[float | None]) -> str:
    """What the gate does with the gradient, in words; '' for a gate that is not known by name."""
    if name in ARITHMETIC and len(operands) > 1 and operands[1] is not None:
        return SECOND_IS_A_NUMBER[name]
    if name in ARITHMETIC and len(operands) > 1 and operands[0] is not None:
        return FIRST_IS_A_NUMBER.get(name, SECOND_IS_A_NUMBER[name])
    return RULES.get(name, "")


def role(found_rule: str) -> str:
    """distributor, router, switcher, or nothing."""
    word = found_rule.partition(":")[0]
    return word if word in ("distributor", "router", "switcher") else ""
