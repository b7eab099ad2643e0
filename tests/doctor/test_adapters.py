"""The callbacks are tried inside the real trainers, on real digits, healthy and with planted illnesses."""

import copy
import logging
import pickle
import sys
from importlib import import_module

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

import visus
from visus.doctor.adapters import _watch

# other people's packages warn about each other; what our own code does is tested with warnings as errors elsewhere
pytestmark = pytest.mark.filterwarnings("ignore")

EPOCHS, BATCH, LR = 6, 50, 0.5


@pytest.fixture(scope="module")
def digits():
    """((1300, 64), (1300,)), ((497, 64), (497,)): shuffled, pixels from -1 to 1."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    x = torch.as_tensor(x[order] / 8 - 1, dtype=torch.float32)
    y = torch.as_tensor(y[order])
    return (x[:1300], y[:1300]), (x[1300:], y[1300:])


def net(softmax=False):
    torch.manual_seed(0)
    layers = [nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10)]
    return nn.Sequential(*layers, *([nn.Softmax(1)] if softmax else []))


# -- the trainers: each trains `model` on digits with SGD and returns the callback (None without one) ------------------


def with_lightning(digits, model, lr, callback, epochs=EPOCHS, accumulate=1, home="lightning.pytorch"):
    pl = pytest.importorskip(home, reason=f"{home} is not installed")
    for name in ("lightning.pytorch", "pytorch_lightning", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = model

        def forward(self, x):
            return self.net(x)

        def training_step(self, batch, _):
            return F.cross_entropy(self(batch[0]), batch[1])

        def validation_step(self, batch, _):
            scores = self(batch[0])
            self.log("val_loss", F.cross_entropy(scores, batch[1]))
            self.log("val_acc", (scores.argmax(1) == batch[1]).float().mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr)

    train, held_out = (DataLoader(TensorDataset(*part), BATCH) for part in digits)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        accumulate_grad_batches=accumulate,
        callbacks=[callback] if callback else [],
    )
    trainer.fit(Module(), train, held_out)
    return callback


class Rows(Dataset):
    def __init__(self, part):
        self.x, self.y = part

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"pixel_values": self.x[i], "labels": self.y[i]}


class ReturnsItsLoss(nn.Module):
    """What a Hugging Face trainer takes: labels in, a mapping with loss and logits out."""

    def __init__(self, inside, config=None):
        super().__init__()
        self.inside, self.config = inside, config

    def forward(self, pixel_values, labels=None):
        scores = self.inside(pixel_values)
        return {"loss": F.cross_entropy(scores, labels), "logits": scores} if labels is not None else {"logits": scores}


def with_hugging_face(digits, model, lr, callback, epochs=EPOCHS, folder="unused", **settings):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("accelerate", reason="accelerate is not installed")
    transformers.logging.set_verbosity_error()
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=BATCH,
        per_device_eval_batch_size=BATCH,
        eval_strategy="epoch",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        lr_scheduler_type="constant",
        max_grad_norm=0.0,
        **{"logging_steps": 10, **settings},
    )
    model = model if hasattr(model, "config") else ReturnsItsLoss(model, transformers.PretrainedConfig())
    trainer = transformers.Trainer(
        model=model,
        args=arguments,
        train_dataset=Rows(digits[0]),
        eval_dataset=Rows(digits[1]),
        compute_metrics=lambda p: {"accuracy": float((p.predictions.argmax(1) == p.label_ids).mean())},
        optimizers=(torch.optim.SGD(model.parameters(), lr), None),
        callbacks=[callback] if callback else [],
    )
    for noisy in (transformers.PrinterCallback, transformers.ProgressCallback):
        trainer.remove_callback(noisy)
    trainer.train()
    return callback


class Held(nn.Module):
    """skorch makes the module itself: this hands it the one we have."""

    def __init__(self, inside):
        super().__init__()
        self.inside = inside

    def forward(self, X):
        return self.inside(X)


def with_skorch(digits, model, lr, callback, epochs=EPOCHS, criterion=nn.CrossEntropyLoss):
    skorch = pytest.importorskip("skorch", reason="skorch is not installed")
    from skorch.helper import predefined_split

    classifier = skorch.NeuralNetClassifier(
        Held,
        module__inside=model,
        criterion=criterion,
        optimizer=torch.optim.SGD,
        lr=lr,
        batch_size=BATCH,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=predefined_split(skorch.dataset.Dataset(*(part.numpy() for part in digits[1]))),
        callbacks=[("visus", callback)] if callback else [],
        verbose=0,
    )
    classifier.fit(*(part.numpy() for part in digits[0]))
    # the module of a net is a copy of what it was given
    model.load_state_dict(classifier.module_.inside.state_dict())
    return dict(classifier.callbacks_)["visus"] if callback else None


TRAINERS = {"lightning": with_lightning, "hugging_face": with_hugging_face, "skorch": with_skorch}
PACKAGES = {"lightning": "lightning.pytorch", "hugging_face": "transformers", "skorch": "skorch"}


def callback_of(trainer, **settings):
    pytest.importorskip(PACKAGES[trainer], reason=f"{PACKAGES[trainer]} is not installed")
    return import_module(f"visus.doctor.adapters.{trainer}").VisusCallback(**settings)


def train(trainer, digits, tmp_path, model=None, lr=LR, watched=True, **settings):
    model = net() if model is None else model
    if trainer == "hugging_face":
        settings["folder"] = tmp_path
    callback = callback_of(trainer) if watched else None
    torch.manual_seed(1)
    return model, TRAINERS[trainer](digits, model, lr, callback, **settings)


each_trainer = pytest.mark.parametrize("trainer", TRAINERS)


@each_trainer
def test_a_healthy_training_is_not_alarmed_and_was_examined_whole(trainer, digits, tmp_path):
    _, callback = train(trainer, digits, tmp_path)
    found = callback.report()
    assert not found.alarm, str(found)
    assert found.steps == EPOCHS * 26  # 1300 pictures in batches of 50
    assert found.unexamined == []
    chart = callback.doctor.chart
    assert len(chart.evaluations) == EPOCHS
    assert chart.evaluations[-1]["score"] > 0.9
    assert chart.evaluations[-1]["loss"] < 0.4
    assert chart.samples[-1]["outputs"]["loss_is"] == "cross_entropy"  # loss, scores and labels of one batch fit
    assert chart.samples[-1]["update"]["lr"] == [LR]


@each_trainer
def test_a_rate_far_too_high_is_named_first(trainer, digits, tmp_path):
    _, callback = train(trainer, digits, tmp_path, lr=200.0, epochs=3)
    found = callback.report()
    assert found.alarm
    assert found.causes[0].kind == "learning_rate_too_high", str(found)
    assert found.first_alarm is not None


@each_trainer
def test_a_softmax_before_the_cross_entropy_is_found(trainer, digits, tmp_path):
    _, callback = train(trainer, digits, tmp_path, model=net(softmax=True), lr=0.02, epochs=3)
    found = callback.report()
    assert found.alarm
    assert found.causes[0].kind == "activation_before_loss", str(found)


@each_trainer
def test_the_weights_are_the_same_with_and_without_the_doctor_and_no_hook_is_left(trainer, digits, tmp_path):
    watched, callback = train(trainer, digits, tmp_path, epochs=2)
    alone, _ = train(trainer, digits, tmp_path, epochs=2, watched=False)
    assert callback.report().steps == 52
    for (name, a), b in zip(watched.state_dict().items(), alone.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    for module in (*watched.modules(), *callback.doctor._examiner.root.modules()):
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


@each_trainer
@pytest.mark.parametrize("broken", ["__init__", "step", "validate", "detach"])
def test_a_broken_doctor_does_not_touch_the_training(trainer, broken, digits, tmp_path, monkeypatch, caplog):
    def fall(*_, **__):
        raise RuntimeError("the stethoscope is broken\nat night")

    alone, _ = train(trainer, digits, tmp_path, epochs=1, watched=False)
    monkeypatch.setattr(visus.Doctor, broken, fall)
    with caplog.at_level(logging.WARNING, "visus.doctor"):
        watched, callback = train(trainer, digits, tmp_path, epochs=1)
    assert all(torch.equal(a, b) for a, b in zip(watched.parameters(), alone.parameters(), strict=True))
    assert "because RuntimeError: the stethoscope is broken" in str(callback.report()).replace("\n              ", " ")
    told = [record.message for record in caplog.records if "stethoscope" in record.message]
    assert len(told) == 1
    assert "the training goes on" in told[0]


@each_trainer
def test_a_report_before_any_training_says_what_to_do(trainer):
    with pytest.raises(RuntimeError, match="hand this callback to a trainer"):
        callback_of(trainer).report()


@each_trainer
def test_without_its_package_an_adapter_names_the_command_that_installs_it(trainer, monkeypatch):
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning", "transformers", "skorch"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setitem(sys.modules, f"{name}.callbacks", None)
    monkeypatch.delitem(sys.modules, f"visus.doctor.adapters.{trainer}", raising=False)
    package = {"hugging_face": "transformers"}.get(trainer, trainer)
    with pytest.raises(ImportError, match=f"needs {package}, which is not installed; try: pip install {package}"):
        import_module(f"visus.doctor.adapters.{trainer}")


def test_a_package_that_is_there_but_broken_keeps_its_own_message(tmp_path, monkeypatch):
    (tmp_path / "half_there.py").write_text("import its_missing_friend")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="its_missing_friend"):
        _watch.package(["half_there"], "half-there")


# -- what each trainer does in its own way ----------------------------------------------------------------------------


def test_lightning_s_loss_is_that_of_the_batch_also_when_batches_are_accumulated(digits, tmp_path):
    _, callback = train("lightning", digits, tmp_path, accumulate=2)
    found = callback.report()
    assert found.steps == EPOCHS * 26
    assert not found.alarm, str(found)
    assert {s["outputs"]["loss_is"] for s in callback.doctor.chart.samples} == {"cross_entropy"}
    assert callback.doctor.chart.losses.mean(0, 0.02) == pytest.approx(np.log(10), rel=0.15)


def test_lightning_s_older_name_works_too(digits):
    pytest.importorskip("pytorch_lightning", reason="pytorch_lightning is not installed")
    callback = callback_of("lightning")
    with_lightning(digits, net(), LR, callback, epochs=1, home="pytorch_lightning")
    assert callback.report().steps == 26
    assert callback.report().unexamined == []


def test_a_lightning_module_that_optimizes_by_hand_is_watched(digits):
    pl = pytest.importorskip("lightning.pytorch", reason="lightning is not installed")

    class Rivals(pl.LightningModule):
        """Two networks, two optimizers; the second network judges the first."""

        def __init__(self):
            super().__init__()
            self.automatic_optimization = False
            self.draw, self.judge = nn.Linear(8, 64), nn.Linear(64, 1)

        def training_step(self, batch, _):
            first, second = self.optimizers()
            drawn = self.draw(torch.randn(len(batch[0]), 8))
            second.zero_grad()
            real, false = self.judge(batch[0]), self.judge(drawn.detach())
            self.manual_backward(F.softplus(-real).mean() + F.softplus(false).mean())
            second.step()
            first.zero_grad()
            self.manual_backward(F.softplus(-self.judge(drawn)).mean())
            first.step()

        def configure_optimizers(self):
            return [torch.optim.Adam(part.parameters(), 1e-3) for part in (self.draw, self.judge)]

    callback = callback_of("lightning")
    trainer = pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback],
    )
    trainer.fit(Rivals(), DataLoader(TensorDataset(*digits[0]), BATCH))
    found = callback.report()
    assert found.steps == 26
    assert not found.alarm, str(found)


def test_a_callback_serves_a_second_training(digits):
    callback = callback_of("lightning")
    with_lightning(digits, net(), 200.0, callback, epochs=2)
    assert callback.report().alarm
    with_lightning(digits, net(), LR, callback)
    assert not callback.report().alarm
    assert callback.report().steps == EPOCHS * 26


def test_a_hugging_face_model_is_watched_with_accumulated_gradients(digits, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    torch.manual_seed(0)
    model = transformers.ViTForImageClassification(
        transformers.ViTConfig(
            image_size=8,
            patch_size=4,
            num_channels=1,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            num_labels=10,
        )
    )
    pictures = tuple((x.reshape(-1, 1, 8, 8), y) for x, y in digits)
    callback = callback_of("hugging_face")
    with_hugging_face(pictures, model, 0.1, callback, epochs=1, folder=tmp_path, gradient_accumulation_steps=2)
    found = callback.report()
    assert found.steps == 26
    assert found.unexamined == []
    samples = callback.doctor.chart.samples
    assert samples[0]["inputs"]["shape"] == [BATCH, 1, 8, 8]
    assert {s["outputs"]["loss_is"] for s in samples} == {"cross_entropy"}


def test_where_a_hugging_face_model_returns_no_loss_the_logged_one_is_used_and_that_is_said(digits, tmp_path):
    callback = callback_of("hugging_face")
    settings = {"label_smoothing_factor": 0.1, "logging_steps": 1}
    with_hugging_face(digits, net(), LR, callback, epochs=1, folder=tmp_path, **settings)
    found = callback.report()
    assert found.steps == 26
    assert [why for why in found.unexamined if "the mean that is logged" in why]
    assert not found.alarm, str(found)


def test_skorch_s_own_softmax_before_its_negative_log_likelihood_is_no_mistake(digits, tmp_path):
    _, callback = train("skorch", digits, tmp_path, model=net(softmax=True), criterion=nn.NLLLoss, epochs=3)
    found = callback.report()
    assert not found.alarm, str(found)
    assert "activation_before_loss" not in {f.kind for f in found.notes}


def test_a_skorch_net_can_be_cloned_copied_and_pickled_with_its_callback(digits, tmp_path):
    from sklearn.base import clone

    _, callback = train("skorch", digits, tmp_path, epochs=1)
    callback_of("skorch", reference=0.9)
    skorch = pytest.importorskip("skorch")
    classifier = skorch.NeuralNetClassifier(nn.Linear, callbacks=[("visus", callback)])
    clone(classifier)
    for twin in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))):
        assert twin.get_params() == callback.get_params()
        with pytest.raises(RuntimeError, match="no training was watched yet"):
            twin.report()
