"""Published weights: read without running code, fetched once, checked; one sentence where they do not fit."""

import hashlib
import os
import pickle
import zipfile
from collections import OrderedDict
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from visus.data.download import DownloadError
from visus.models import published
from visus.models.classifiers import densenet, googlenet, squeezenet1_1

NOWHERE = "http://127.0.0.1:9"
STATE = OrderedDict(
    {
        "conv.weight": torch.randn(4, 3, 3, 3),
        "half": torch.randn(5).half(),
        "counter": torch.tensor(7),
        "view": torch.randn(4, 6).T,
        "empty": torch.empty(0, 3),
        "yes": torch.tensor([True, False]),
    }
)


def saved(content, path, **options):
    torch.save(content, path, **options)
    return path


def same(found, expected):
    return found.keys() == expected.keys() and all(
        torch.equal(found[k], expected[k]) and found[k].dtype == expected[k].dtype for k in expected
    )


@pytest.fixture
def weights():
    torch.manual_seed(1)
    return squeezenet1_1.build((3, 224, 224), 1000).state_dict()


@pytest.fixture
def release(monkeypatch, tmp_path):
    """Publish a state dict as squeezenet1_1, or another name; returns the file."""

    def publish(state, name="squeezenet1_1"):
        path = saved(state, tmp_path / "new")
        label = f"{name}-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth"
        monkeypatch.setitem(published.RELEASES, name, replace(published.RELEASES[name], file=label))
        return path.rename(tmp_path / label)

    return publish


@pytest.mark.parametrize("new", [True, False])
def test_what_torch_saved_is_read_as_torch_reads_it(tmp_path, new):
    path = saved(STATE, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    assert same(published.read(path), torch.load(path, weights_only=True))


@pytest.mark.parametrize("new", [True, False])
def test_parameters_and_checkpoints_are_read_too(tmp_path, new):
    layer = torch.nn.Linear(3, 2)
    content = {"state_dict": dict(layer.named_parameters()), "epoch": 3}
    path = saved(content, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    assert same(published.read(path), {k: v.detach() for k, v in layer.named_parameters()})


def test_shared_storage_is_read_twice(tmp_path):
    row = torch.arange(6.0)
    found = published.read(saved({"a": row[:4], "b": row[2:]}, tmp_path / "a.pth"))
    assert found["a"].tolist() == [0, 1, 2, 3]
    assert found["b"].tolist() == [2, 3, 4, 5]


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


class Loud:
    """Sets attributes of what it is given, as a pickle may."""

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, (Bomb(), 0, (1,), (1,), False, OrderedDict())


@pytest.mark.parametrize("content", [Bomb(), {"a": Bomb()}, {"a": Loud()}, {"a": torch.nn.Linear(2, 2)}])
@pytest.mark.parametrize("new", [True, False])
def test_a_file_that_asks_for_a_program_is_refused_and_nothing_runs(tmp_path, monkeypatch, content, new):
    monkeypatch.chdir(tmp_path)
    path = saved(content, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    with pytest.raises(ValueError, match=r"a\.pth asks for .*, which no weights need: refused, nothing was run"):
        published.read(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_truncated_file_is_told_in_one_sentence(tmp_path, new, share):
    path = saved(STATE, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(
        ValueError, match=r"a\.pth is cut off or holds no state dict \(.*\); get the official file again"
    ):
        published.read(path)


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps([1]), pickle.dumps({"a": 1}), b"\x80\x02]q\x00.", b"PK\x03\x04"]
)
def test_a_file_of_something_else_is_told_in_one_sentence(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(ValueError, match="cut off or holds no state dict"):
        published.read(tmp_path / "a.pth")


def test_a_tensor_that_repeats_few_numbers_without_end_is_refused(tmp_path):
    path = saved({"a": torch.zeros(1).expand(10**12)}, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="longer than its storage"):
        published.read(path)


def test_a_compressed_archive_is_refused(tmp_path):
    whole = saved(STATE, tmp_path / "a.pth")
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    with pytest.raises(ValueError, match="compressed archive"):
        published.read(tmp_path / "b.pth")


def test_a_state_dict_in_safetensors_is_read(tmp_path):
    safetensors.torch.save_file({"module.fc.weight": torch.ones(2, 3)}, tmp_path / "a.safetensors")
    assert list(published.read(tmp_path / "a.safetensors")) == ["fc.weight"]
    broken = (tmp_path / "a.safetensors").read_bytes()[:-4]
    (tmp_path / "a.safetensors").write_bytes(broken)
    with pytest.raises(ValueError, match=r"a\.safetensors is cut off or broken"):
        published.read(tmp_path / "a.safetensors")
    with pytest.raises(FileNotFoundError, match="is no file; give a state dict"):
        published.read(tmp_path / "none.safetensors")


def test_weights_are_fetched_once_and_kept_as_safetensors(weights, release):
    file = release(weights)
    network = squeezenet1_1.build((3, 224, 224), 1000)
    published.load("squeezenet1_1", network, file.parent.as_uri())
    assert same(network.state_dict(), weights)
    file.unlink()
    published.load("squeezenet1_1", network, file.parent.as_uri())
    assert [path.suffix for path in (published.cache() / "weights").iterdir()] == [".safetensors"]


def test_a_file_put_there_by_hand_needs_no_server(weights, release):
    file = release(weights)
    folder = published.cache() / "weights"
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(file.read_bytes())
    assert same(published.state("squeezenet1_1", NOWHERE), weights)
    (folder / file.name).with_suffix(".safetensors").unlink()
    (folder / file.name).write_bytes(file.read_bytes() + b"x")
    with pytest.raises(ValueError, match=r"has the SHA-256 .*; remove it and run again"):
        published.state("squeezenet1_1", NOWHERE)


def test_another_file_than_the_official_one_is_removed(weights, release):
    file = release(weights)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(DownloadError, match="whose sha256 is not"):
        published.state("squeezenet1_1", file.parent.as_uri())
    assert not list((published.cache() / "weights").iterdir())


def test_without_a_network_one_sentence_says_what_to_do():
    with pytest.raises(
        DownloadError, match=r"cannot be reached .*; or put resnet18-f37072fd\.pth into .*weights yourself"
    ):
        published.state("resnet18", NOWHERE)


def test_a_name_without_weights_gets_the_nearest_that_has_some():
    with pytest.raises(LookupError, match=r"no weights are published for 'resnet56'\. Did you mean 'resnet50'"):
        published.find("resnet56")


def test_every_release_is_of_a_classifier_and_carries_its_checksum():
    from visus.engine import catalogue
    from visus.models import classifiers

    for name in published.names():
        assert name in catalogue.names(classifiers)
        assert len(published.find(name).checksum) == len("sha256:") + 8
        int(published.find(name).checksum[7:], 16)


def small(n_classes=4, channels=3):
    return densenet.DenseNet(channels, n_classes, 121, 2, 0.0, small=True)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s | {"classifier.weight": torch.zeros(9, 64), "classifier.bias": torch.zeros(9)}, "X score 9 classes and the network 4; build it with 9, or leave classifier.weight and classifier.bias out"),  # noqa: E501
        (lambda s: s | {"features.conv0.weight": torch.zeros(4, 1, 3, 3)}, "X are for pictures of 1 channel and the network takes 3"),  # noqa: E501
        (lambda s: s | {"features.conv0.weight": torch.zeros(4, 3, 7, 7)}, r"X have features.conv0.weight as \(4, 3, 7, 7\) and the network as \(4, 3, 3, 3\)"),  # noqa: E501
        (lambda s: {k: v for k, v in s.items() if "conv" not in k}, "X lack features.conv0.weight, .* and 117 more; choose the architecture"),  # noqa: E501
        (lambda s: s | {"surplus": torch.zeros(1)}, "X hold surplus, which the network has not; choose"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_and_changes_nothing(change, sentence):
    network = small()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert before["classifier.weight"].shape == (4, 64)
    with pytest.raises(ValueError, match=sentence):
        published.fill(network, change(small().state_dict()), "X")
    assert same(network.state_dict(), before)


def test_old_names_and_missing_counters_are_understood(tmp_path):
    source, target = small(), small()
    old = {
        "module." + name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): tensor
        for name, tensor in source.state_dict().items()
        if "num_batches" not in name
    }
    assert any("denselayer1.norm.1.weight" in name for name in old)
    published.fill(target, published.read(saved(old, tmp_path / "a.pth")), "X")
    assert same(target.state_dict(), source.state_dict())


def test_googlenet_takes_its_weights_with_and_without_the_heads_half_way(release):
    torch.manual_seed(1)
    state = googlenet.build((3, 224, 224), 1000, auxiliary=True).state_dict()
    address = release(state, "googlenet").parent.as_uri()
    for auxiliary in (True, False):
        network = googlenet.build((3, 224, 224), 1000, auxiliary, transform_input=True)
        published.load("googlenet", network, address)
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
    network.transform_input = False
    with pytest.raises(ValueError, match="need transform_input=True; build the network with it"):
        published.load("googlenet", network, address)


def test_a_network_for_small_pictures_is_refused_even_where_names_and_shapes_agree():
    with pytest.raises(ValueError, match="build the network with layout=imagenet"):
        published.load("squeezenet1_1", squeezenet1_1.build((3, 32, 32), 1000))
