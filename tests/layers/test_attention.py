"""Attention against loops, and what is true of any."""

import pytest
import torch

from visus.layers.attention import Additive, DotProduct

B, Q, S, D, M = 2, 3, 5, 4, 6


def kinds():
    torch.manual_seed(0)
    return {
        "additive": Additive(D, M, 7),
        "dot": DotProduct(D, M),
        "scaled": DotProduct(D, M, scaled=True),
        "plain": DotProduct(M, M, matrix=False),
    }


def asked(name):
    generator = torch.Generator().manual_seed(1)
    size = M if name == "plain" else D
    queries, memory = torch.randn(B, Q, size, generator=generator), torch.randn(B, S, M, generator=generator)
    return queries, memory, torch.tensor([[True] * 5, [True, True, True, False, False]])


@pytest.mark.parametrize("name", kinds())
def test_weights_sum_to_one_and_none_falls_on_what_is_masked(name):
    queries, memory, mask = asked(name)
    read, weights = kinds()[name](queries, memory, mask)
    assert read.shape == (B, Q, M)
    assert torch.allclose(weights.sum(-1), torch.ones(B, Q))
    assert not weights[1, :, 3:].any()
    assert torch.allclose(read, torch.einsum("bqs,bsm->bqm", weights, memory), atol=1e-6)


@pytest.mark.parametrize("name", kinds())
def test_what_is_masked_cannot_matter(name):
    queries, memory, mask = asked(name)
    changed = memory.masked_fill(~mask[:, :, None], 1e3)
    attention = kinds()[name]
    assert torch.allclose(attention(queries, memory, mask)[0], attention(queries, changed, mask)[0], atol=1e-5)


@pytest.mark.parametrize("name", kinds())
def test_queries_do_not_see_each_other_and_the_order_of_the_memory_does_not_matter(name):
    queries, memory, mask = asked(name)
    attention = kinds()[name]
    whole = attention(queries, memory, mask)[0]
    assert torch.allclose(whole[:, 1:2], attention(queries[:, 1:2], memory, mask)[0], atol=1e-6)
    order = torch.tensor([4, 2, 0, 1, 3])
    assert torch.allclose(whole, attention(queries, memory[:, order], mask[:, order])[0], atol=1e-6)


def test_scores_against_a_loop():
    queries, memory, _ = asked("dot")
    found = kinds()
    for name in ("additive", "dot", "scaled"):
        attention = found[name]
        scores = attention.scores(queries, attention.keys(memory))
        for b, q, s in ((0, 0, 0), (1, 2, 4), (0, 1, 3)):
            query, place = queries[b, q], memory[b, s]
            if name == "additive":
                hidden = torch.tanh(
                    attention.of_query.weight @ query + attention.of_query.bias + attention.of_memory.weight @ place
                )
                expected = attention.score.weight[0] @ hidden
            else:
                expected = (attention.matrix.weight @ query) @ place / (M**0.5 if name == "scaled" else 1)
            assert torch.allclose(scores[b, q, s], expected, atol=1e-6)


def test_the_dot_product_is_torchs():
    queries, memory, mask = asked("plain")
    attention = DotProduct(M, M, scaled=True, matrix=False)
    theirs = torch.nn.functional.scaled_dot_product_attention(queries, memory, memory, attn_mask=mask[:, None, :])
    assert torch.allclose(attention(queries, memory, mask)[0], theirs, atol=1e-6)
