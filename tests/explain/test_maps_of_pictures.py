import numpy as np
import pytest
import torch
from torch import nn

from visus.explain import _embedding, neighbours, pca, tsne

from .networks import SIDE, network


@pytest.fixture(scope="module")
def groups():
    """Pictures uint8 (30, 3, 16, 16) of three colours, with a label each; within a group they differ a little."""
    dice = torch.Generator().manual_seed(0)
    labels = torch.arange(30) % 3
    colour = torch.eye(3)[labels][:, :, None, None] * 120 + 60
    noise = torch.rand((30, 3, SIDE, SIDE), generator=dice) * 50
    return (colour + noise).to(torch.uint8), labels


def test_features_are_what_the_head_is_given(groups):
    net = network()
    found = _embedding.embed(net, groups[0])
    with torch.no_grad():
        by_hand = net.decide[:3](net.see(groups[0].float() / 255))
    torch.testing.assert_close(found, by_hand)


def test_maps_are_averaged_over_their_places(groups):
    found = _embedding.embed(network(), groups[0], "see.1")
    with torch.no_grad():
        by_hand = network().see[:2](groups[0].float() / 255).mean((2, 3))
    torch.testing.assert_close(found, by_hand)
    with pytest.raises(LookupError, match=r"Did you mean 'see\.1'"):
        _embedding.embed(network(), groups[0], "see.11")


def test_a_network_without_a_head_is_refused(groups):
    with pytest.raises(LookupError, match="puts out"):
        _embedding.embed(nn.Sequential(nn.Flatten(), nn.ReLU()), groups[0])


def test_purity_by_hand():
    points = torch.tensor([[0.0], [1.0], [10.0], [11.0]])
    assert _embedding.purity(points, torch.tensor([0, 0, 1, 1]), k=1) == 1
    assert _embedding.purity(points, torch.tensor([0, 1, 0, 1]), k=1) == 0
    assert _embedding.purity(points, torch.tensor([0, 0, 1, 1])) == pytest.approx(1 / 3)


def test_a_map_shows_every_picture_at_its_place():
    points = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    thumbnails = np.stack([np.full((4, 4, 3), shade, dtype=np.uint8) for shade in (10, 90)])
    canvas = _embedding.scatter(points, thumbnails, side=200)
    assert canvas.shape == (200, 200, 3)
    assert canvas[-1, 0, 0] == 10  # up is up: the first lies below
    assert canvas[0, -1, 0] == 90
    assert (canvas == 255).any()


def test_a_grid_keeps_who_is_where():
    points = torch.tensor([[x, y] for y in (0.0, 5.0) for x in (-1.0, 3.0)])
    thumbnails = np.stack([np.full((4, 4, 3), 50 * i, dtype=np.uint8) for i in range(4)])
    canvas = _embedding.grid(points, thumbnails, side=32)
    assert canvas[:, :, 0][::16, ::16].tolist() == [[100, 150], [0, 50]]


def test_pca_and_t_sne_lay_groups_apart(groups):
    pytest.importorskip("openTSNE")
    for technique, settings in ((pca, {}), (tsne, {"perplexity": 5.0})):
        scattered, grid = technique.sheets(network(), *groups, **settings)
        assert scattered.pictures.shape == (1, _embedding.MAP_PX, _embedding.MAP_PX, 3)
        assert grid.pictures.dtype == np.uint8
        assert "nearest on the map" in scattered.reading
        assert "nearest" not in technique.sheets(network(), groups[0], **settings)[0].reading.replace("nearest num", "")


def test_t_sne_is_the_same_for_the_same_seed_and_keeps_neighbours(groups):
    pytest.importorskip("openTSNE")
    rows = groups[0].flatten(1).float()
    first = tsne.place(rows, 5.0, seed=1)
    assert torch.equal(first, tsne.place(rows, 5.0, seed=1))
    assert _embedding.purity(first, groups[1], k=5) > 0.95
    with pytest.raises(ValueError, match="at least 1"):
        tsne.place(rows, 0.5)


def test_t_sne_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openTSNE", None)
    with pytest.raises(RuntimeError, match=r"visus\[embed\]"):
        tsne.place(torch.rand(12, 3))


def test_a_map_of_nothing_is_refused(groups):
    with pytest.raises(ValueError, match="at least 10 pictures; got 4"):
        tsne.sheets(network(), groups[0][:4])
    with pytest.raises(ValueError, match="at least 3 pictures; got 2"):
        pca.sheets(network(), groups[0][:2])


def test_neighbours_are_those_a_sort_finds(groups):
    pictures, labels = groups
    found = neighbours.sheets(network(), pictures, labels, ("red", "green", "blue"), k=4)
    assert len(found) == neighbours.QUERIES
    assert found[0].title == "Nearest to red"
    assert found[0].pictures.shape == (5, SIDE, SIDE, 3)
    rows = _embedding.embed(network(), pictures)
    order = (rows[1:] - rows[0]).norm(dim=1).argsort()[:4] + 1
    assert np.array_equal(found[0].pictures[1:], pictures[order].permute(0, 2, 3, 1).numpy())
    assert found[0].captions[0] == "red"


def test_a_picture_from_outside_finds_its_twin_first(groups):
    pictures, labels = groups
    (sheet,) = neighbours.sheets(network(), pictures, labels, ("a", "b", "c"), images=pictures[7:8] / 255, k=3)
    assert np.array_equal(sheet.pictures[0], sheet.pictures[1])
    assert sheet.captions[1] == "b 0.00"
    assert sheet.title == "Nearest to picture 1"


def test_twins_do_not_hide_the_picture_itself(groups):
    twins = groups[0][:1].repeat(5, 1, 1, 1)
    found = neighbours.sheets(network(), twins, k=4)
    assert all(sheet.pictures.shape[0] == 5 for sheet in found)
    with pytest.raises(ValueError, match="between 1 and 4"):
        neighbours.sheets(network(), twins, k=5)
