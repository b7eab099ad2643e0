"""Several views of a picture: what they show, and what averaging over them promises."""

import pytest
import torch

from visus.data.views import VIEWS
from visus.ship.model import TrainedModel

FACTS = {"image": [3, 16, 16], "framing": "crop", "classes": ["dark", "bright"]}


def pictures():
    return torch.randint(0, 256, (4, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "n"), [("one", 1), ("mirrored", 2), ("six", 6), ("ten", 10)])
def test_every_view_has_the_pictures_shape_and_half_of_them_are_mirrored(name, n):
    found = list(VIEWS[name](pictures()))
    assert len(found) == n
    assert all(view.shape == (4, 3, 16, 16) and view.dtype == torch.uint8 for view in found)
    for straight, mirror in zip(found[::2], found[1::2], strict=True) if n > 1 else ():
        assert torch.equal(straight.flip(3), mirror)


def test_the_corners_of_an_even_picture_are_all_the_same():
    even = torch.full((1, 3, 16, 16), 77, dtype=torch.uint8)
    assert all((view == 77).all() for view in VIEWS["ten"](even))


def test_averaged_over_mirror_images_the_answer_does_not_change_when_mirrored():
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(768, 2)).float()
    network.insert(0, type("Floats", (torch.nn.Module,), {"forward": lambda self, x: x.float() / 255})())
    model = TrainedModel(network, FACTS, "mirrored")
    torch.testing.assert_close(model.score(pictures()), model.score(pictures().flip(3)))
    assert not torch.allclose(
        TrainedModel(network, FACTS).score(pictures()), TrainedModel(network, FACTS).score(pictures().flip(3))
    )


def test_unknown_views_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="views must be one of one, mirrored, six, ten; got 'twelve'"):
        TrainedModel(torch.nn.Identity(), FACTS, "twelve")
