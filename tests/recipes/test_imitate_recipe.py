"""The recipe of games and its presets: what is built, rebuilt and refused."""

import json

import pytest
import torch

from visus import recipes
from visus.data.drawings import prepare_drawings
from visus.engine import catalogue
from visus.engine.loop import fit
from visus.models import gans
from visus.recipes import _drawing, _form, conditional_gan, dcgan_mnist, imitate, wgan, wgan_gp

SMALL = {"judge": "pixels", "judged": 20, "shown": 4, "batch": 16, "epochs": 1.0, "arithmetic": "float32"}
NARROW = {"dcgan": {"width": 4}, "mlp": {"hidden": 16}}  # a new one is tested as it is
MODELS = catalogue.names(gans)


def is_a_game(name):
    return getattr(catalogue.find(recipes, name).build, "func", None) is imitate.build


PRESETS = [name for name in catalogue.names(recipes) if "gan" in name and is_a_game(name)]


@pytest.fixture(scope="module")
def digits():
    return prepare_drawings("digits").limited(train=96, validation=40)


def built(drawings, build=imitate.build, **settings):
    model = settings.get("model") or getattr(build, "keywords", {}).get("model", "dcgan")
    return build(data=drawings, **{**SMALL, **NARROW.get(model, {}), **settings})


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_learns_by_both_objectives(name, digits):
    task = built(digits, catalogue.find(recipes, name).build)
    losses = [float(objective.improve(batch).loss) for objective, batch in zip(task.objectives, task.batches())]
    assert all(map(torch.isfinite, map(torch.tensor, losses)))
    scores = task.evaluate()
    assert next(iter(scores)) == "validation_likeness"
    assert task.pictured()["samples"].shape == (4, 3, 8, 8)


def test_there_are_the_presets_that_people_know():
    known = {"dcgan", "dcgan_mnist", "dcgan_fashion_mnist", "lsgan", "wgan", "wgan_gp", "conditional_gan"}
    assert known | {"spectral_gan", "mlp_gan"} <= set(PRESETS)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("conditional", [False, True])
def test_rebuilt_networks_draw_as_the_trained_ones(digits, model, conditional):
    task = built(digits, model=model, conditional=conditional)
    fit(task, 2)
    facts = json.loads(json.dumps(task.facts))
    twin = _drawing.rebuild(facts)
    twin.load_state_dict(task.model.state_dict())
    labels = torch.tensor([3, 3, 7]) if conditional else None
    ours, theirs = (m.eval().sample(3, torch.Generator().manual_seed(1), labels=labels) for m in (task.model, twin))
    assert torch.equal(ours, theirs)
    assert facts["tells"] == imitate.SUBJECT == "generation"
    assert facts["family"] == "gans"
    assert len(facts["classes"]) == facts["n_classes"] == (10 if conditional else 0)


def test_weights_of_a_clipped_critic_are_held_from_the_first_step(digits):
    task = built(digits, wgan.build)
    fit(task, 1)
    assert max(float(p.detach().abs().max()) for p in task.critic.parameters()) <= 0.01 + 1e-9
    assert [objective.every for objective in task.objectives] == [1, 5]


def test_the_papers_settings_stand_in_the_presets(digits):
    task = built(digits, wgan_gp.build)
    assert task.penalty == 10
    assert task.objectives[0].optimizer.param_groups[0]["betas"] == (0.0, 0.9)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in task.critic.modules())
    assert dcgan_mnist.build.keywords["data"] == "mnist"


def test_the_critic_has_a_rate_of_its_own(digits):
    task = built(digits, lr=1e-4, critic_rate=4.0)
    assert [objective.lr for objective in task.objectives] == pytest.approx([4e-4, 1e-4])


def test_both_schedules_end_together(digits):
    """The generator improves every third step, so its rate falls three times as fast in its own count."""
    task = built(digits, schedule="linear", critic_steps=3, epochs=5.0)
    critic, generator = task.objectives
    assert task.steps == 30
    assert critic.schedule(29) == pytest.approx(1 / 30)
    assert generator.schedule(9) == pytest.approx(1 / 10)


def test_bfloat16_trains_every_kind_of_critic(digits):
    for settings in ({"penalty": 10.0, "norm": "layer"}, {"spectral": True, "norm": "none"}, {"conditional": True}):
        task = built(digits, **{**settings, "arithmetic": "bfloat16"})
        batch = next(task.batches())
        for objective in task.objectives:
            assert torch.isfinite(objective.improve(batch).loss)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"loss": "hinge", "smoothing": 0.1}, "smoothing takes back part of a target, and loss=hinge has none"),
        ({"penalty": 10.0}, "norm=batch mixes a batch's; take norm=layer or norm=none"),
        ({"penalty": 10.0, "norm": "layer", "clip": 0.01}, "two ways; set one of them to 0"),
        ({"width_": 3}, "dcgan has no setting 'width_'. Did you mean 'width'"),
        ({"average": 0.9, "swa": 0.5}, "two averages"),
    ],
    ids=["smoothing", "batch norm", "two ways", "typo", "averages"],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(digits, settings, said):
    with pytest.raises(ValueError, match=said):
        built(digits, **settings)


def test_pictures_without_classes_cannot_be_conditioned_on_them(digits, monkeypatch):
    monkeypatch.setattr(type(digits), "classes", ())
    with pytest.raises(ValueError, match=r"have none.*leave conditional out"):
        built(digits, conditional_gan.build)


def test_settings_are_shown_with_their_help():
    fields = _form.fields(imitate.build)
    assert {"loss", "critic_steps", "penalty", "latents", "width", "levels", "data", "seed"} <= set(fields)
    assert fields["loss"].words == ("minimax", "non_saturating", "least_squares", "wasserstein", "hinge")
    assert "hidden" in _form.fields(imitate.build, {"model": "mlp"})
    assert all(fields[name].about for name in (*_form.own_fields(_drawing.Source), "critic_rate", "judge"))
