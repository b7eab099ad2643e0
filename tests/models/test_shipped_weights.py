"""Promises of the weights that come with the package. A new file in `models/weights` is tested unmentioned."""

import pytest
import torch

from visus.data.prepare import prepare
from visus.engine import anatomy
from visus.models import pretrained
from visus.recipes import classify
from visus.ship.ensemble import assemble

every_file = pytest.mark.parametrize("name", pretrained.shipped())


def network(name):
    source = pretrained.find(name)
    weights, standardise = pretrained.tensors(source)
    model = assemble(source.facts)
    model.load_state_dict(
        {f"network.{k}": v for k, v in weights.items()} | {f"standardise.{k}": v for k, v in standardise.items()}
    )
    return model.eval(), source


def test_there_are_some():
    assert "visus-small" in pretrained.shipped()


@every_file
def test_they_fill_the_network_that_their_facts_describe(name):
    model, source = network(name)
    channels, height, width = source.facts["image"]
    pictures = torch.randint(0, 256, (2, channels, height, width), dtype=torch.uint8)
    assert model(pictures).shape == (2, len(source.classes))
    assert model(pictures).isfinite().all()


@every_file
def test_they_are_small_and_say_how_they_were_made(name):
    source = pretrained.find(name)
    assert source.weights.stat().st_size < 5e6
    assert source.facts["made"]["command"].startswith("visus train ")
    card = (pretrained.SHIPPED / f"{name}.md").read_text(encoding="utf-8")
    assert source.facts["made"]["command"] in card
    assert "licence" in card


@every_file
def test_they_are_as_good_as_their_facts_say(name, visus_data):
    model, source = network(name)
    images, labels = next(prepare(source.facts["data"]).part("test"))
    with torch.no_grad():
        share = float((model(images).argmax(1) == labels).float().mean())
    assert share == pytest.approx(source.facts["made"]["test_accuracy"], abs=0.04)  # 500 pictures: 3 standard errors


@every_file
def test_they_come_into_a_new_network_all_but_its_head(name):
    task = classify.build("digits", pretrained=name, size=32, epochs=1, device="cpu", arithmetic="float32")
    weights, _ = pretrained.tensors(pretrained.find(name))
    own = task.model.network.state_dict()
    head = anatomy.head(task.model.network, 10)
    assert all(torch.equal(own[k], v) for k, v in weights.items() if not k.startswith(f"{head}."))
    assert not torch.equal(own[f"{head}.weight"], weights[f"{head}.weight"])
