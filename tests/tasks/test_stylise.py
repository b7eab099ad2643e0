import pytest
import torch

from visus.engine.loop import fit
from visus.engine.optimizers import adam
from visus.losses.style import tv_loss
from visus.models.painters import transform
from visus.tasks.stylise import Stylise


def judge(painted, pictures):
    """A style by hand: dark, and still smooth."""
    return {"dark": painted.square().mean(), "variation": tv_loss(painted) / painted.numel()}


def task(seed=0):
    torch.manual_seed(seed)
    pictures = torch.randint(0, 256, (6, 3, 12, 16), dtype=torch.uint8)
    return Stylise(transform.build(width=4, blocks=1), judge, pictures[:4], pictures[4:], adam, lr=1e-2, batch=2)


def test_a_painter_begins_with_the_picture_itself_and_takes_any_size():
    images = torch.rand(2, 3, 13, 10)
    torch.testing.assert_close(transform.build(width=4)(images), images, atol=0.011, rtol=0)
    with pytest.raises(ValueError, match="width must be at least 1"):
        transform.build(width=0)


def test_training_pleases_the_judge_on_pictures_it_never_saw():
    taught = task()
    before = taught.evaluate()
    fit(taught, 60)
    after = taught.evaluate()
    assert after["validation_pleasure"] > 0.5 * before["validation_pleasure"]  # both are negative
    assert after["validation_dark"] < before["validation_dark"]
    assert next(iter(after)) == "validation_pleasure"


def test_a_resumed_run_sees_what_it_would_have_seen():
    taught = task()
    whole, rest = taught.batches(), taught.batches(start=2)
    for _ in range(2):
        next(whole)
    torch.testing.assert_close(next(whole), next(rest))


def test_prediction_leaves_the_mode_and_stays_within_pixels():
    taught = task().train()
    painted = taught.predict(taught.held_out)
    assert taught.training
    assert not painted.requires_grad
    assert painted.shape == taught.held_out.shape
    assert 0 <= float(painted.min()) <= float(painted.max()) <= 1


def test_no_pictures_are_refused():
    nothing = torch.empty(0, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(ValueError, match="got 0 and 1"):
        Stylise(transform.build(), judge, nothing, torch.zeros(1, 3, 8, 8, dtype=torch.uint8), adam)
