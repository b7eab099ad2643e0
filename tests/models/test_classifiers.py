"""Single architectures against second opinions."""

import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from visus.models.classifiers import knn, mlp, small_conv


@pytest.mark.parametrize("metric", ["l1", "l2"])
@pytest.mark.parametrize("k", [1, 5])
def test_knn_agrees_with_scikit_learn(metric, k):
    torch.manual_seed(0)
    train, queries, labels = torch.randn(200, 1, 4, 4), torch.randn(50, 1, 4, 4), torch.randint(3, (200,))
    model = knn.build((1, 4, 4), 3, k=k, metric=metric)
    model.remember(train[:120], labels[:120])
    model.remember(train[120:], labels[120:])
    peer = KNeighborsClassifier(k, p=1 if metric == "l1" else 2).fit(train.flatten(1).numpy(), labels.numpy())
    shares = model(queries).softmax(1)
    torch.testing.assert_close(
        shares, torch.from_numpy(peer.predict_proba(queries.flatten(1).numpy())).float(), atol=0.02, rtol=0
    )
    assert (shares.argmax(1).numpy() == peer.predict(queries.flatten(1).numpy())).all()


def test_the_triangle_wins_with_three_neighbours_and_the_square_with_five():
    points = torch.tensor([1.0, 1.1, 1.2, 1.5, 1.6]).view(5, 1, 1, 1)
    labels = torch.tensor([0, 1, 0, 1, 1])  # triangle, square, triangle, square, square
    for k, winner in ((3, 0), (5, 1)):
        model = knn.build((1, 1, 1), 2, k=k)
        model.remember(points, labels)
        assert model(torch.zeros(1, 1, 1, 1)).argmax() == winner


@pytest.mark.parametrize(
    ("settings", "sentence"), [({"metric": "l3"}, "metric must be one of l1, l2, cosine"), ({"k": 0}, "at least 1")]
)
def test_knn_refuses_what_it_cannot_be(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        knn.build((1, 1, 1), 2, **settings)


def test_an_mlp_has_as_many_weights_as_arithmetic_says():
    model = mlp.build((3, 32, 32), 10, hidden=100, layers=3)
    assert sum(p.numel() for p in model.parameters()) == 3072 * 100 + 100 + 100 * 100 + 100 + 100 * 10 + 10


def test_one_layer_of_mlp_is_linear():
    model = mlp.build((1, 2, 2), 3, layers=1).eval()
    a, b = torch.randn(1, 1, 2, 2), torch.randn(1, 1, 2, 2)
    zero = model(torch.zeros(1, 1, 2, 2))
    torch.testing.assert_close(model(a + b) - zero, model(a) - zero + model(b) - zero)


def test_small_conv_sees_the_same_thing_wherever_it_is():
    """Shift by the whole stride of 8: the pooled features, away from the border, do not change."""
    torch.manual_seed(0)
    model = small_conv.build((3, 64, 64), 5).eval()
    images = torch.zeros(1, 3, 64, 64)
    images[:, :, 24:32, 24:32] = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(model(images), model(images.roll((8, 8), (2, 3))), rtol=1e-4, atol=1e-6)
