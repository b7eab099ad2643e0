"""Training against an adversary: the batch is changed, the network is not, and what is withstood is measured."""

import pytest
import torch

from visus.doctor.checkup import Checkup
from visus.engine.loop import fit
from visus.lab._learn import learn
from visus.lab._pictures import few
from visus.recipes import _form, classify
from visus.tasks.adversary import Adversary

QUICK = {"epochs": 6.0, "model": "mlp", "hidden": 32, "lr": 0.05}


@pytest.fixture(scope="module")
def digits():
    return few("digits", 600)


def built(digits, **settings):
    return classify.build(digits, arithmetic="float32", device="cpu", crop=0, **{**QUICK, **settings})


@pytest.mark.parametrize("how", ["fgsm", "pgd"])
def test_the_batch_is_changed_within_epsilon_and_the_network_is_not(how, digits):
    task = built(digits)
    images, labels = next(task.batches())
    before = {name: tensor.clone() for name, tensor in task.state_dict().items()}
    changed = Adversary(how, 0.1, 3).change(task.model, images, labels)
    assert (changed - images.float()).abs().max() <= 25.5 + 1e-3
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert all(torch.equal(before[name], tensor) for name, tensor in task.state_dict().items())
    (plain,) = built(digits).misjudgement((images, labels)).values()
    (attacked,) = built(digits, adversary=how, epsilon=0.1).misjudgement((images, labels)).values()
    assert attacked.detach() > plain.detach()


def test_a_network_trained_against_an_adversary_withstands_more(digits):
    robust = {}
    for how in ("none", "pgd"):
        task = built(digits, adversary=how, **({"epsilon": 0.15} if how != "none" else {}), epochs=8.0)
        fit(task, task.steps, [])
        sample = task.data.part("validation")
        robust[how] = Adversary("pgd", 0.15, 7).scores(task.model.eval(), sample)["validation_robust_accuracy"]
    assert robust["pgd"] > robust["none"] + 0.1


def test_scores_say_what_the_attack_used_and_another_leave(digits):
    scores = built(digits, adversary="fgsm", epsilon=0.1).evaluate()
    assert next(iter(scores)) == "validation_accuracy"
    assert {"validation_attacked_accuracy", "validation_robust_accuracy"} <= scores.keys()
    assert "validation_robust_accuracy" not in built(digits).evaluate()


def test_the_same_seed_learns_the_same(digits):
    losses = [learn(digits, **QUICK | {"epochs": 1.0}, adversary="fgsm", epsilon=0.1).losses for _ in range(2)]
    assert losses[0] == losses[1]


def test_the_doctor_does_not_take_the_attack_for_training_or_scoring(digits):
    charts = {}
    for name, settings in (("plain", {}), ("against", {"adversary": "pgd", "epsilon": 0.1, "attack_steps": 2})):
        task, checkup = built(digits, epochs=1.0, **settings), Checkup()
        fit(task, 20, [checkup])
        charts[name] = checkup.chart
    assert not charts["against"].counts.get("trained_in_eval_mode")
    assert charts["against"].counts.keys() == charts["plain"].counts.keys()
    assert charts["against"].counts.get("evaluated") == charts["plain"].counts.get("evaluated")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"adversary": "fgsm", "epsilon": 8.0}, r"epsilon=8 is outside \[0, 1\]"),
        ({"epsilon": 0.1}, "epsilon and attack_steps are settings of an adversary"),
        ({"adversary": "fgsm", "attack_steps": 3}, "adversary=fgsm takes one step"),
        ({"adversary": "pgd", "epsilon": 0.0}, "epsilon=0 changes nothing"),
        ({"adversary": "pgd", "optimizer": "lbfgs"}, "lbfgs needs the same loss twice"),
        ({"adversary": "pgd", "features": "hog"}, "follows the gradient to the pixels, and features=hog has none"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings, sentence, digits):
    with pytest.raises(ValueError, match=sentence):
        built(digits, **settings)


def test_epsilon_may_be_typed_as_a_fraction():
    assert _form.read(classify.build, {"epsilon": "8/255"}) == {"epsilon": 8 / 255}
    with pytest.raises(ValueError, match="epsilon must be a number"):
        _form.read(classify.build, {"epsilon": "8/0"})
