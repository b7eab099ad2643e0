import pytest
import torch

from visus.losses.style import content_loss, gram_matrix, style_loss, tv_loss


@pytest.fixture
def features():
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_gram_matrix_is_what_a_loop_over_places_adds_up(features):
    gram = gram_matrix(features)
    for b in range(2):
        for i in range(3):
            for j in range(3):
                by_hand = sum(
                    float(features[b, i, y, x] * features[b, j, y, x]) for y in range(4) for x in range(5)
                ) / (4 * 5 * 3)
                assert float(gram[b, i, j]) == pytest.approx(by_hand)


def test_a_gram_matrix_forgets_where(features):
    places = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    moved = features.flatten(2)[:, :, places].view_as(features)
    torch.testing.assert_close(gram_matrix(moved), gram_matrix(features))
    assert float(content_loss(moved, features)) > 1


def test_without_normalisation_the_size_of_the_layer_counts(features):
    torch.testing.assert_close(gram_matrix(features, normalise=False), gram_matrix(features) * 4 * 5 * 3)


def test_content_is_the_sum_of_squares_by_hand():
    assert float(content_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]]), weight=10)) == 50


def test_one_style_serves_a_batch(features):
    wanted = gram_matrix(features[:1])
    both = style_loss(gram_matrix(features), wanted)
    each = sum(style_loss(gram_matrix(features[i : i + 1]), wanted) for i in range(2))
    torch.testing.assert_close(both, each)
    assert float(style_loss(wanted, wanted)) == 0


def test_total_variation_by_hand():
    image = torch.tensor([[0.0, 1.0], [3.0, 3.0]])[None, None]
    assert float(tv_loss(image)) == 3**2 + 2**2 + 1**2 + 0**2
    assert float(tv_loss(torch.full((1, 3, 5, 4), 0.7))) == 0


@pytest.mark.parametrize("loss", [gram_matrix, tv_loss, lambda x: content_loss(x, torch.zeros(1, 2)).sum()])
def test_gradients_are_those_of_a_difference_quotient(loss, features):
    x = features[:1].clone() if loss in (gram_matrix, tv_loss) else features[0, :1, 0, :2].clone()
    assert torch.autograd.gradcheck(loss, x.requires_grad_())


def test_shapes_that_cannot_be_meant_are_refused(features):
    with pytest.raises(ValueError, match=r"maps \(B, C, H, W\)"):
        gram_matrix(features[0])
    with pytest.raises(ValueError, match=r"total variation needs"):
        tv_loss(features[0])
    with pytest.raises(ValueError, match="the same layer"):
        content_loss(features, features[:, :2])
    with pytest.raises(ValueError, match="the same layer"):
        style_loss(gram_matrix(features), gram_matrix(features[:, :2]))
