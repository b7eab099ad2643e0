"""What can be said of pictures without learning."""

import numpy as np
import pytest
import torch

from visus.metrics.cider import cider, rarity_in
from visus.playbook import _caption_baselines as baselines

DOG, CAT, BOAT = ("a dog runs on grass", "a cat sleeps on a sofa", "a boat sails on the sea")
SPOKEN = [[text.split(), f"{text} today".split()] for text in (DOG, DOG.replace("grass", "sand"), CAT, BOAT)]
FEATURES = torch.eye(4) + torch.tensor([[0, 0.5, 0, 0], [0.5, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_the_nearest_picture_s_caption_is_about_its_own_kind():
    asked = torch.tensor([[0.9, 0.1, 0, 0], [0, 0, 0, 1.0]])
    dog, boat = baselines.of_neighbours(SPOKEN, FEATURES, asked, rarity_in(SPOKEN), k=1)
    assert "dog" in dog
    assert "boat" in boat


def test_the_most_frequent_caption_is_the_one_given_most_often():
    spoken = [*SPOKEN, [BOAT.split()]]
    assert list(baselines.most_frequent(spoken, rarity_in(spoken))) == BOAT.split()


def test_the_most_typical_caption_is_that_of_a_slow_loop():
    random = np.random.default_rng(0)
    words = ["a", "the", "dog", "man", "runs", "on", "grass", "red", "ball"]
    captions = [list(random.choice(words, size=random.integers(3, 9))) for _ in range(25)]
    rarity = rarity_in([[words] for words in captions])

    def likeness(one, other):
        total = 0.0
        for n in range(1, 5):
            weights = [
                {g: k * rarity(g) for g, k in baselines.grams(words).items() if len(g) == n} for words in (one, other)
            ]
            norms = [np.sqrt(sum(w * w for w in each.values())) for each in weights]
            product = sum(w * weights[1].get(g, 0) for g, w in weights[0].items())
            total += product / (norms[0] * norms[1]) / 4 if all(norms) else 0.0
        return total

    best = max(captions, key=lambda one: sum(likeness(one, other) for other in captions))
    assert baselines.most_typical(captions, rarity) == best


def test_neighbours_beat_the_caption_that_fits_all():
    """Pictures of the same kind look alike, so what was said of the nearest fits better than what is said of all."""
    answers = baselines.answers(SPOKEN, FEATURES, FEATURES)
    assert set(answers) == {baselines.MOST_FREQUENT, baselines.MOST_TYPICAL, baselines.NEAREST}
    scores = {name: cider(said, SPOKEN).mean() for name, said in answers.items()}
    near = baselines.of_neighbours(SPOKEN, FEATURES, FEATURES, rarity_in(SPOKEN), k=1)
    assert cider(near, SPOKEN).mean() > max(scores[baselines.MOST_FREQUENT], scores[baselines.MOST_TYPICAL])


def test_no_captions_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no captions to take an answer from"):
        baselines.answers([[]], torch.zeros(1, 2), torch.zeros(1, 2))
