"""Captions learned: the loss counted by hand, draws that learn where to look, runs that end as they should."""

import copy
import math

import pytest
import torch

from tests.drawn_captions import draw_captions
from visus.data.captioned import prepare_captions
from visus.engine.loop import fit
from visus.models.captioners._contract import Told
from visus.recipes import caption
from visus.tasks.caption import unevenness

SMALL = {"hidden": 24, "embedding": 12, "size": 32, "threshold": 1, "batch": 12}
MODELS = ("initial_state", "every_step", "soft_attention", "hard_attention")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return prepare_captions(draw_captions(tmp_path_factory.mktemp("drawn") / "set"), size=32, threshold=1)


@pytest.fixture(scope="module")
def made(drawn):
    return lambda **settings: caption.build(drawn, **{**SMALL, **settings})


@pytest.mark.parametrize("model", MODELS)
def test_it_learns_to_say_what_is_drawn(made, model):
    task = made(model=model, lr=2e-2, epochs=12)
    before = task.evaluate()
    assert before["validation_nats"] == pytest.approx(task.objectives[0].blind_loss, abs=0.1)
    fit(task, task.steps)
    after = task.evaluate()
    assert next(iter(after)) == "validation_log_likelihood"
    assert after["validation_log_likelihood"] == -after["validation_nats"] > -before["validation_nats"] / 2
    assert after["validation_perplexity"] == pytest.approx(math.exp(after["validation_nats"]))
    assert 0 <= after["validation_bleu4"] <= 100


def test_nats_are_those_of_the_words_and_padding_does_not_count(made):
    task = made(model="initial_state").eval()
    seen, inputs, targets = next(task.data.part("train"))
    with torch.no_grad():
        told = task.model.captioner(task.features(seen), inputs).scores.log_softmax(2)
        loss = float(task.surprise((seen, inputs, targets))["cross_entropy"])
    real = targets != task.vocabulary.pad
    assert not real.all()
    assert loss == pytest.approx(-float(told.gather(2, targets[:, :, None])[:, :, 0][real].mean()), abs=1e-5)
    longer = [torch.nn.functional.pad(tokens, (0, 5), value=task.vocabulary.pad) for tokens in (inputs, targets)]
    assert float(task.surprise((seen, *longer))["cross_entropy"].detach()) == pytest.approx(loss, abs=1e-5)


def test_the_totals_of_a_part_are_those_of_its_batches_put_together(made):
    task = made(model="every_step")
    nats, words, captions = task.totals("validation")
    pairs = task.data.prepared.pairs("validation")
    assert captions == len(pairs)
    assert words == sum(len(task.data.prepared.coded(pair)) + 1 for pair in pairs)
    assert task.nats("validation") == pytest.approx(nats / words)


def test_features_made_once_are_those_of_the_pictures(made):
    kept, anew = made(model="soft_attention"), made(model="soft_attention", memory=0.0)
    assert not kept.data.sees_pictures
    assert anew.data.sees_pictures
    torch.testing.assert_close(
        kept.features(kept.data.batch(1)[0]), anew.features(anew.data.batch(1)[0]), atol=1e-3, rtol=1e-3
    )


def test_a_frozen_backbone_stays_as_it_is_and_a_free_one_moves(made):
    for freeze in (True, False):
        task = made(model="initial_state", freeze=freeze, memory=0.0, epochs=1)
        before = copy.deepcopy(task.model.grid.state_dict())
        fit(task, 2)
        moved = any(not torch.equal(before[name], now) for name, now in task.model.grid.state_dict().items())
        assert moved is not freeze


def test_an_architecture_without_weights_is_trained_end_to_end(made):
    task = made(model="every_step", backbone="small_conv", freeze=False, rate_of_backbone=1.0, crop=2, flip=True)
    loss = fit(task, 2)
    assert loss == ""
    assert task.data.batch(0)[0].dtype == torch.uint8


@pytest.mark.parametrize("model", MODELS)
def test_a_resumed_run_ends_where_an_unbroken_one_does(made, model):
    whole, broken = (made(model=model, dropout=0.3, epochs=2) for _ in range(2))
    torch.manual_seed(5)
    fit(whole, 6)
    torch.manual_seed(5)
    fit(broken, 3)
    state, objective = copy.deepcopy(broken.state_dict()), broken.objectives[0].state_dict()
    at_the_stop = torch.random.get_rng_state()
    fresh = made(model=model, dropout=0.3, epochs=2)
    fresh.load_state_dict(state)
    fresh.objectives[0].load_state_dict(objective)
    torch.random.set_rng_state(at_the_stop)
    fit(fresh, 6, start=3)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, fresh.state_dict()[name]), name


def test_a_shipped_model_says_what_was_learned(made):
    task = made(model="soft_attention", lr=1e-2, epochs=2)
    fit(task, task.steps)
    settings = {"model": "soft_attention", **SMALL}
    again, vocabulary = caption.rebuild(caption.model_facts(task, settings))
    again.load_state_dict(task.model.state_dict())
    again.eval()
    assert vocabulary == task.data.prepared.vocabulary
    images = task.data.prepared.pictures.images(task.data.prepared.rows("test"))
    with torch.no_grad():
        assert torch.equal(again.see(images), task.model.eval().see(images))
        words = torch.full((len(images), 1), vocabulary.start)
        assert torch.equal(again(images, words).scores, task.model(images, words).scores)
    assert again.attention(again.see(images), words).shape[2:] == tuple(task.model.facts["features"][1:])


def test_no_sentence_says_pad_start_or_unknown(made):
    task = made(model="initial_state")
    torch.nn.init.normal_(task.model.captioner.head.weight)
    said = task.say(next(task.batches())[0]).tokens
    assert not torch.isin(
        said, torch.tensor([task.vocabulary.pad, task.vocabulary.start, task.vocabulary.unknown])
    ).any()


# ---- attention


def test_a_place_s_share_by_hand():
    """Two words, two places: each looked at once is even, both at one place is as uneven as can be."""
    real = torch.ones(1, 2, dtype=torch.bool)
    assert float(unevenness(torch.eye(2)[None], real)) == 0
    assert float(unevenness(torch.tensor([[[1.0, 0], [1, 0]]]), real)) == 1
    half = torch.tensor([[True, False]])
    assert float(unevenness(torch.tensor([[[0.5, 0.5], [1, 0]]]), half)) == 0


class Guess(torch.nn.Module):
    """Two places, one word to say; only who looks at the second place can tell it."""

    def __init__(self):
        super().__init__()
        self.energies = torch.nn.Parameter(torch.zeros(2))

    def forward(self, features, words):
        n = len(words)
        weights = self.energies.softmax(0).expand(n, 1, 2)
        chosen = torch.multinomial(weights[:, 0], 1)
        right = torch.full((n, 1, 5), -1e-3).index_fill(2, torch.tensor([4]), 3.0)
        return Told(torch.where(chosen[:, :, None] == 1, right, torch.zeros(())), weights, chosen)


def test_draws_that_told_the_word_become_likelier(made):
    task = made(model="hard_attention", entropy=0.0)
    guess = Guess()
    task.model.captioner = guess
    rate = torch.optim.SGD(guess.parameters(), lr=1.0)
    torch.manual_seed(0)
    seen, words, targets = torch.zeros(64, 1, 1, 1), torch.ones(64, 1, dtype=torch.long), torch.full((64, 1), 4)
    for _ in range(30):
        rate.zero_grad()
        terms = task.surprise((seen, words, targets))
        terms["reinforce"].backward()
        rate.step()
    assert guess.energies.softmax(0)[1] > 0.95


def test_the_gradient_of_the_draws_is_that_of_the_expected_reward(made):
    """Against nature: averaged over draws, REINFORCE is the gradient of what is expected (Williams, 1992)."""
    task = made(model="hard_attention", entropy=0.0)
    guess = task.model.captioner = Guess()
    with torch.no_grad():
        guess.energies.copy_(torch.tensor([0.3, -0.2]))
    n = 20_000
    torch.manual_seed(1)
    seen, words, targets = torch.zeros(n, 1, 1, 1), torch.ones(n, 1, dtype=torch.long), torch.full((n, 1), 4)
    found = torch.autograd.grad(task.surprise((seen, words, targets))["reinforce"], guess.energies)[0]
    rewards = torch.tensor([math.log(1 / 5), float(torch.tensor([-1e-3] * 4 + [3.0]).log_softmax(0)[4])])
    exact = torch.autograd.grad(-(guess.energies.softmax(0) * rewards).sum(), guess.energies)[0]
    assert torch.allclose(found, exact, atol=0.02)


# ---- bad input


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "soft_attention", "layers": 2}, "model=soft_attention has no setting layers; it has hidden,"),
        ({"flip": True}, "flip would change pictures whose features are made once; add freeze=no"),
        ({"backbone": "small_conv"}, "backbone=small_conv is an architecture without weights; add freeze=no"),
        ({"backbone": "mlp", "freeze": False}, "no map of features"),
        ({"backbone": "knn", "freeze": False}, "learns by remembering"),
    ],
)
def test_settings_that_mean_nothing_get_one_sentence(made, settings, message):
    with pytest.raises(ValueError, match=message):
        made(**settings)


def test_names_that_are_nothing_get_the_nearest(made):
    with pytest.raises(LookupError, match="Did you mean 'soft_attention'"):
        made(model="softattention")
    with pytest.raises(LookupError, match="Did you mean 'visus-small'"):
        made(backbone="visus-smal")
