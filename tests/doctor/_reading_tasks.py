"""A language model as a task of ours, healthy, and with one illness planted in each of the others."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from visus.engine.objective import Objective
from visus.engine.optimizers import adam
from visus.engine.task import Task

from ._readers import (
    Reader,
    anywhere,
    both_ways,
    entropy,
    mostly_unknown,
    not_moved,
    padded,
    streams,
    text,
    time_for_batch,
    without_padding,
)


class Words:
    """A vocabulary: what its special words are."""

    pad = start = end = unknown = None


class Read(Task):
    """A language model of the text; each subclass plants one illness."""

    steps, steps_per_epoch, v = 30, 20, text()[1]
    network, drawn, compared = staticmethod(Reader), staticmethod(anywhere), staticmethod(entropy)

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.model, self.vocabulary = self.network(self.v), Words()
        self.objectives = [
            Objective("read", self.loss, self.model.parameters(), adam, lr=1e-2, blind_loss=math.log(self.v))
        ]

    def loss(self, batch):
        return {"cross_entropy": self.compared(self.model(batch[0])[0], batch[1])}

    def batches(self, start=0):
        step = start
        while True:
            yield self.drawn(step)
            step += 1

    def evaluate(self):
        with torch.no_grad():
            loss = float(self.loss(self.drawn(10**6))["cross_entropy"])
        return {"validation_log_likelihood": -loss, "validation_nats": loss}


class BothWays(Read):
    network = staticmethod(both_ways)


class TimeForBatch(Read):
    network = staticmethod(time_for_batch)


class NotMoved(Read):
    drawn = staticmethod(not_moved)


class Padded(Read):
    v, drawn = text()[1] + 2, staticmethod(padded)


class PaddingLeftOut(Padded):
    compared = staticmethod(without_padding)


class Masked(Padded):
    """The mean is written by hand: no loss function knows what is left out."""

    def loss(self, batch):
        each = F.cross_entropy(self.model(batch[0])[0].transpose(1, 2), batch[1], reduction="none")
        real = batch[1] != text()[1] + 1
        return {"cross_entropy": (each * real).sum() / real.sum()}


class Unknown(Read):
    drawn = staticmethod(mostly_unknown)

    def __init__(self):
        super().__init__()
        self.vocabulary.unknown = 0


class Endless(Read):
    def __init__(self):
        super().__init__()
        self.vocabulary.end = self.v - 1
        self.vocabulary.start = self.v + 5

    def batches(self, start=0):
        for inputs, targets in super().batches(start):
            yield inputs, targets.clamp_max(self.v - 2)


class Exploding(Read):
    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.model.cells = nn.RNN(16, 32, batch_first=True, nonlinearity="relu")
            nn.init.orthogonal_(self.model.cells.weight_hh_l0).mul_(4.0)
        self.objectives = [Objective("read", self.loss, self.model.parameters(), adam, lr=1e-2)]


class Forgetful(Read):
    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.model.cells = nn.RNN(16, 32, batch_first=True)
            nn.init.orthogonal_(self.model.cells.weight_hh_l0).mul_(0.05)
        self.objectives = [Objective("read", self.loss, self.model.parameters(), adam, lr=1e-2)]


class Carried(Read):
    """Its loss moves the state that the next one begins with."""

    drawn = staticmethod(streams)

    def __init__(self):
        super().__init__()
        self.register_buffer("h", torch.zeros(1, 12, 32))
        self.register_buffer("c", torch.zeros(1, 12, 32))

    def loss(self, batch):
        n = len(batch[0])
        scores, (h, c) = self.model(batch[0], (self.h[:, :n].clone(), self.c[:, :n].clone()))
        self.h[:, :n], self.c[:, :n] = h.detach(), c.detach()
        return {"cross_entropy": entropy(scores, batch[1])}
