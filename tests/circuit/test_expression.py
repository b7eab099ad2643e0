"""Typed expressions: what torch makes of the same words, and nothing else gets through."""

import pytest
import torch

from visus.circuit.expression import parse


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("(x + y) * z", lambda x, y, z: (x + y) * z),
        ("x - y / 2 ** z", lambda x, y, z: x - y / 2**z),
        ("max(x, y, 0.5) - min(z, 1)", lambda x, y, z: torch.maximum(x, y).clamp_min(0.5) - z.clamp_max(1)),
        ("-sigmoid(x) + tanh(y) * relu(z)", lambda x, y, z: -x.sigmoid() + y.tanh() * z.relu()),
        ("exp(x) + log(abs(y)) + sqrt(z ** 2)", lambda x, y, z: x.exp() + y.abs().log() + z.abs()),
        ("sin(x) * cos(y) + +z", lambda x, y, z: x.sin() * y.cos() + z),
    ],
)
def test_means_what_torch_means(text, same):
    numbers = [torch.tensor(v, dtype=torch.float64) for v in (1.5, -2.25, 0.75)]
    assert list(parse(text).__signature__.parameters) == ["x", "y", "z"]
    torch.testing.assert_close(parse(text)(*numbers), same(*numbers))


def test_arrays():
    W = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    x = torch.tensor([1.0, -1.0])
    torch.testing.assert_close(parse("sum((W.T @ x) ** 2) + x[-1]")(W, x), (W.T @ x).square().sum() + x[-1])
    torch.testing.assert_close(parse("max(W) + min(W) + mean(x) + norm(x)")(W, x), torch.tensor(5.0 + 2**0.5))
    torch.testing.assert_close(parse("matmul(W, x)")(W, x), W @ x)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x ^ 2", r"write \*\*"),
        ("__import__('os').system('ls')", "not understood"),
        ("x.__class__", "not understood"),
        ("x.data", "not understood"),
        ("(lambda: x)()", "not understood"),
        ("x if y else z", "not understood"),
        ("[x for x in y]", "not understood"),
        ("x[y]", "not understood"),
        ("x == y", "not understood"),
        ("open(x)", "not understood"),
        ("sum()", "not understood"),
        ("sum(x, dim=0)", "not understood"),
        ("'x' * y", "not understood"),
        ("True * x", "not understood"),
        ("exp(x, y)", "exp takes one input"),
        ("exp + x", "'exp' is a function"),
        ("x +", "is no expression"),
        ("x; y", "is no expression"),
        ("", "is no expression"),
        ("1 + 2", "has no inputs"),
        ("x" * 1001, "at most 1000 letters"),
        ("-" * 900 + "x", "nests too deeply|is no expression"),
    ],
)
def test_refuses_everything_else_in_one_sentence(text, sentence):
    with pytest.raises(ValueError, match=sentence) as error:
        parse(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["9 ** 9 ** 9 * x", "1 / 0 * x"])
def test_numbers_that_cannot_be_worked_out_are_refused_at_once(text):
    with pytest.raises(ValueError, match="cannot be worked out"):
        parse(text)(torch.ones(()))
