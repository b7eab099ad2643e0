"""What the model `knn` promises beyond what every classifier does."""

import copy

import pytest
import torch

from visus.models.classifiers import knn


def remembering(n=60, **settings):
    torch.manual_seed(0)
    model = knn.build((1, 3, 3), 3, **settings)
    model.remember(torch.randn(n, 1, 3, 3), torch.arange(n) % 3)
    return model


@pytest.mark.parametrize("search", ["torch", "faiss", "certified", "hnsw"])
def test_the_way_of_searching_does_not_change_the_scores(search):
    queries = torch.randn(20, 1, 3, 3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(remembering(search=search)(queries), remembering()(queries))


def test_what_is_remembered_later_counts_as_well():
    model, queries = remembering(), torch.randn(4, 1, 3, 3)
    model(queries)
    model.remember(queries, torch.full((4,), 2))
    labels, distances = model.neighbours(queries)
    assert (labels[:, 0] == 2).all()
    assert not distances[:, 0].any()


def test_remembering_copies_nothing():
    model, images = knn.build((1, 3, 3), 3), torch.randn(5, 1, 3, 3)
    model.remember(images, torch.arange(5) % 3)
    assert model._fresh[0][0].data_ptr() == images.data_ptr()


def test_all_vote_where_fewer_than_k_are_remembered():
    model = remembering(n=2, k=5)
    torch.testing.assert_close(
        model(torch.zeros(1, 1, 3, 3)).softmax(1), torch.tensor([[0.498, 0.498, 0.005]]), atol=1e-3, rtol=0
    )


def test_a_copy_and_a_moved_model_answer_the_same():
    model, queries = remembering(search="faiss"), torch.randn(4, 1, 3, 3)
    expected = model(queries)
    assert torch.equal(copy.deepcopy(model)(queries), expected)
    assert model.double()(queries.double()).dtype == torch.float64


def test_weights_by_distance_follow_the_nearest():
    model = knn.build((1, 1, 1), 2, k=3, vote="distance")
    model.remember(torch.tensor([1.0, 3.0, 3.0]).view(3, 1, 1, 1), torch.tensor([1, 0, 0]))
    assert model(torch.zeros(1, 1, 1, 1)).argmax() == 1


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"vote": "loud"}, "vote must be one of majority, distance"),
        ({"search": "magic"}, "search must be one of auto"),
        ({"metric": "l1", "search": "ivf"}, "the ivf search knows l2 and cosine"),
    ],
)
def test_refuses_what_does_not_go_together(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        knn.build((1, 3, 3), 3, **settings)


def test_a_picture_that_is_not_a_number_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match="row 0 of the queries holds NaN"):
        remembering()(torch.full((1, 1, 3, 3), torch.nan))
