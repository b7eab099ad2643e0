"""What each attack does, against numbers by hand, against nature, and against Foolbox on the same network."""

import numpy as np
import pytest
import torch
from torch import nn

from visus.attacks import fgsm, fooling, iterative, noise, one_pixel, pgd, pgd_l2, transfer
from visus.attacks._contract import check_epsilon, gain, read_epsilon, said

from ._victims import digits, taught

EPSILON = 0.15
IMAGES, LABELS = (tensor[1400:1520] for tensor in digits())


@pytest.fixture(scope="module")
def victim():
    return taught().eval()


@pytest.fixture(scope="module")
def other():
    return taught(seed=1).eval()


def accuracy(network, images, labels=LABELS):
    with torch.no_grad():
        return float((network(images).argmax(1) == labels).double().mean())


def linear(weights):
    """Scores (x . w, 0) of pictures of len(w) values."""
    w = torch.tensor(weights)
    return lambda x: torch.stack([x.flatten(1) @ w, torch.zeros(len(x))], 1)


def test_fgsm_moves_a_linear_score_by_epsilon_times_the_sum_of_weights():
    weights = [1.0, -2.0, 0.5, 0.0]
    image = torch.full((1, 1, 2, 2), 0.5)
    found = fgsm.attack(linear(weights), image, torch.tensor([0]), 0.1)
    assert found.flatten().tolist() == pytest.approx([0.4, 0.6, 0.4, 0.5])  # a weight of 0 has no sign
    moved = linear(weights)(found)[0, 0] - linear(weights)(image)[0, 0]
    assert float(moved) == pytest.approx(-0.1 * 3.5)


def test_a_target_is_approached_where_the_label_is_left():
    away = fgsm.attack(linear([1.0, -1.0]), torch.full((1, 1, 1, 2), 0.5), torch.tensor([0]), 0.1)
    towards = fgsm.attack(
        linear([1.0, -1.0]), torch.full((1, 1, 1, 2), 0.5), torch.tensor([1]), 0.1, targets=torch.tensor([0])
    )
    assert away.flatten().tolist() == pytest.approx([0.4, 0.6])
    assert towards.flatten().tolist() == pytest.approx([0.6, 0.4])


def test_l2_spends_its_length_where_the_weights_are():
    found = pgd_l2.attack(
        linear([3.0, -4.0]), torch.full((1, 1, 1, 2), 0.5), torch.tensor([0]), 0.1, random_start=False
    )
    assert found.flatten().tolist() == pytest.approx([0.5 - 0.06, 0.5 + 0.08], abs=1e-6)


def test_the_gain_is_surprise_or_lead():
    scores = torch.tensor([[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]])
    labels, targets = torch.tensor([0, 1]), torch.tensor([1, 2])
    surprise = -scores.log_softmax(1)[[0, 1], [0, 1]]
    torch.testing.assert_close(gain(scores, labels), surprise)
    assert gain(scores, labels, aim="margin").tolist() == [-1, 1]
    assert gain(scores, labels, targets, "margin").tolist() == [-1, -2]


def test_more_steps_hurt_more_and_noise_hardly(victim):
    clean = accuracy(victim, IMAGES)
    left = {
        name: accuracy(victim, attack(victim, IMAGES, LABELS, EPSILON))
        for name, attack in (("noise", noise.attack), ("fgsm", fgsm.attack), ("pgd", pgd.attack))
    }
    assert clean > 0.9
    assert left["noise"] > clean - 0.1
    assert left["fgsm"] < clean - 0.3
    assert left["pgd"] <= left["fgsm"]


def test_restarts_only_help(victim):
    once = pgd.attack(victim, IMAGES, LABELS, 0.06, steps=5)
    thrice = pgd.attack(victim, IMAGES, LABELS, 0.06, steps=5, restarts=3)
    assert accuracy(victim, thrice) <= accuracy(victim, once)
    with torch.no_grad():
        held = victim(thrice).argmax(1) == LABELS
        assert (gain(victim(thrice), LABELS) >= gain(victim(once), LABELS) - 1e-5)[held].all()


def test_the_iterative_attack_stops_at_the_first_success(victim):
    early = iterative.attack(victim, IMAGES, LABELS, EPSILON)
    late = iterative.attack(victim, IMAGES, LABELS, EPSILON, until_fooled=False)
    assert accuracy(victim, early) < 0.5
    assert (early - IMAGES).abs().amax((1, 2, 3)).mean() < (late - IMAGES).abs().amax((1, 2, 3)).mean()
    with torch.no_grad():
        wrong = victim(IMAGES).argmax(1) != LABELS
    assert torch.equal(early[wrong], IMAGES[wrong])


def test_targeted_attacks_arrive(victim):
    targets = (LABELS + 3) % 10
    for attack, epsilon in ((pgd.attack, 0.4), (iterative.attack, 0.4), (pgd_l2.attack, 2.5), (fooling.attack, 1.0)):
        found = attack(victim, IMAGES, LABELS, epsilon, targets=targets)
        assert accuracy(victim, found, targets) > 0.9, attack


def test_noise_becomes_any_class_and_as_sure_as_wanted(victim):
    start = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    targets = torch.arange(10)
    found = fooling.attack(victim, start, targets, 1.0, targets=targets, confidence=0.9)
    with torch.no_grad():
        assert (victim(found).softmax(1)[targets, targets] > 0.89).all()


def test_a_margin_finds_its_way_where_the_softmax_is_flat():
    sure = linear([2000.0, -2000.0])  # the probability of the label is 1 in float32, its gradient 0
    image = torch.tensor([[[[0.6, 0.4]]]])
    assert torch.equal(fgsm.attack(sure, image, torch.tensor([0]), 0.2), image)
    found = fgsm.attack(sure, image, torch.tensor([0]), 0.2, aim="margin")
    assert sure(found).argmax(1).item() == 1


def test_one_pixel_changes_one_pixel_and_finds_the_one_that_matters():
    weights = torch.zeros(1, 3, 6, 6)
    weights[0, :, 2, 4] = 4.0
    network = lambda x: torch.stack([(x * weights).sum((1, 2, 3)), torch.full((len(x),), 5.0)], 1)  # noqa: E731
    image = torch.full((1, 3, 6, 6), 0.5)
    found = one_pixel.attack(network, image, torch.tensor([0]), 1.0, candidates=60, generations=60)
    changed = (found != image).any(1)[0].nonzero()
    assert changed.tolist() == [[2, 4]]
    assert network(found).argmax(1).item() == 1


def test_several_pixels_are_no_more_than_asked_for(victim):
    found = one_pixel.attack(victim, IMAGES[:3], LABELS[:3], 1.0, pixels=3, candidates=30, generations=3)
    assert ((found != IMAGES[:3]).any(1).flatten(1).sum(1) <= 3).all()
    with torch.no_grad():
        assert (gain(victim(found), LABELS[:3]) >= gain(victim(IMAGES[:3]), LABELS[:3])).all()


def test_painting_equals_a_loop():
    image, genes = torch.rand(3, 5, 7), torch.rand(4, 2, 5)
    found = one_pixel.painted(image, genes, 1.0)
    for n in range(4):
        expected = image.clone()
        for pixel in genes[n]:
            expected[:, int(pixel[0] * 5), int(pixel[1] * 7)] = pixel[2:]
        assert torch.equal(found[n], expected)


def test_examples_transfer_to_a_network_trained_from_another_seed(victim, other):
    found = transfer.attack(victim, IMAGES, LABELS, EPSILON, source=other)
    assert torch.equal(found, pgd.attack(other, IMAGES, LABELS, EPSILON))
    assert accuracy(victim, found) < accuracy(victim, noise.attack(victim, IMAGES, LABELS, EPSILON)) - 0.1


def test_a_network_without_gradients_is_refused_by_name_of_what_works():
    memory = torch.randn(10, 64)
    nearest = lambda x: -torch.cdist(x.detach().flatten(1), memory)  # noqa: E731
    for attack in (fgsm.attack, pgd.attack, fooling.attack):
        with pytest.raises(ValueError, match=r"gives no gradient .* take one_pixel or noise, or a transfer attack"):
            attack(nearest, IMAGES[:2], LABELS[:2], 0.1)
    one_pixel.attack(nearest, IMAGES[:2], LABELS[:2], 1.0, candidates=8, generations=1)


@pytest.mark.parametrize(("typed", "value"), [("8/255", 8 / 255), ("0.03", 0.03), (" 1/4 ", 0.25), ("1e-2", 0.01)])
def test_epsilon_is_read_as_people_write_it(typed, value):
    assert read_epsilon(typed) == value


@pytest.mark.parametrize("typed", ["eight", "8/0", "nan", ""])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match=r"epsilon must be a number such as 8/255 or 0\.03"):
        read_epsilon(typed)


def test_epsilon_is_refused_with_what_it_may_have_meant():
    sentence = r"epsilon=8 is outside \[0, 1\]; pixel values run from 0 to 1, so 8 grey levels are 8/255 = 0.0314"
    with pytest.raises(ValueError, match=sentence):
        check_epsilon(8)
    with pytest.raises(ValueError, match=r"outside \[0, 55.43\], the largest L2 distance"):
        check_epsilon(60, "l2", 3072)
    assert [said(8 / 255), said(0.5), said(0.0)] == ["8/255", "0.5", "0"]


class Plain(nn.Module):
    """For Foolbox, which wants a module in evaluation mode and pixels in [0, 1]."""

    def __init__(self, victim):
        super().__init__()
        self.victim = victim

    def forward(self, x):
        return self.victim(x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("targeted", [False, True])
def test_agrees_with_foolbox_picture_for_picture(victim, targeted):
    foolbox = pytest.importorskip("foolbox")
    model = foolbox.PyTorchModel(Plain(victim).eval(), bounds=(0, 1), device="cpu")
    targets = (LABELS + 1) % 10 if targeted else None
    goal = foolbox.criteria.TargetedMisclassification(targets) if targeted else foolbox.Misclassification(LABELS)
    own = {"targets": targets}
    pairs = [
        (fgsm.attack(victim, IMAGES, LABELS, 0.1, **own), foolbox.attacks.LinfFastGradientAttack(), 0.1),
        (
            pgd.attack(victim, IMAGES, LABELS, 0.1, steps=10, step=0.02, random_start=False, **own),
            foolbox.attacks.LinfPGD(abs_stepsize=0.02, steps=10, random_start=False),
            0.1,
        ),
        (
            pgd_l2.attack(victim, IMAGES, LABELS, 0.8, steps=10, step=0.2, random_start=False, **own),
            foolbox.attacks.L2PGD(abs_stepsize=0.2, steps=10, random_start=False),
            0.8,
        ),
    ]
    for found, attack, epsilon in pairs:
        if targeted and isinstance(attack, foolbox.attacks.LinfFastGradientAttack):
            continue  # Foolbox has no targeted single step
        _, theirs, success = attack(model, IMAGES, goal, epsilons=epsilon)
        np.testing.assert_allclose(found.numpy(), theirs.numpy(), atol=1e-5)
        with torch.no_grad():
            named = victim(found).argmax(1)
        ours = named == targets if targeted else named != LABELS
        assert torch.equal(ours, success)
