"""Tasks that make pictures, in small: value by value, by latents, by a game; each subclass plants one illness."""

from functools import cache
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F

from visus.data.canvas import Canvas
from visus.doctor.checkup import Checkup
from visus.engine.loop import Evaluate, fit
from visus.engine.objective import Objective
from visus.engine.optimizers import adam
from visus.engine.task import Task, evaluating

SIDE = 6
COLOURED = Canvas(3, 3, 3, 4)


@cache
def crosses(n, seed, side=SIDE):
    """n pictures (n, 1, side, side) of two levels: a bright row and a bright column on dark, some values turned."""
    dice = torch.Generator().manual_seed(seed)
    rows, columns = (torch.randint(side, (n,), generator=dice) for _ in range(2))
    levels = torch.zeros(n, 1, side, side, dtype=torch.uint8)
    levels[torch.arange(n), 0, rows] = 1
    levels[torch.arange(n), 0, :, columns] = 1
    turned = torch.rand(levels.shape, generator=dice) < 0.03
    return levels ^ turned.to(torch.uint8), rows


@cache
def bumps(n, seed, side=SIDE):
    """n pictures (n, 1, side, side) of 256 levels: a bright spot somewhere, more or less wide."""
    dice = torch.Generator().manual_seed(seed)
    x, y, width = (torch.rand(n, 1, 1, generator=dice) for _ in range(3))
    rows, columns = torch.arange(side)[None, :, None], torch.arange(side)[None, None]
    far = (rows - (side - 1) * y).square() + (columns - (side - 1) * x).square()
    levels = 255 * torch.exp(-far / (2 * (0.6 + width).square()))
    return levels.round().to(torch.uint8)[:, None], torch.zeros(n, dtype=torch.long)


PARTS = {"train": (600, 1), "validation": (200, 2)}  # pictures, seed


class Sheets:
    """Pictures in two parts, as the tasks' data are."""

    def __init__(self, drawn=crosses):
        self.drawn = drawn

    def __deepcopy__(self, memo):
        return self

    def part(self, name, limit=None):
        levels, labels = self.drawn(*PARTS[name])
        yield levels[:limit], labels[:limit]

    def batch(self, step):
        levels, labels = self.drawn(*PARTS["train"])
        rows = torch.randint(len(levels), (64,), generator=torch.Generator().manual_seed(step))
        return levels[rows], labels[rows]


class Pictured(Task):
    """What the tasks of this file share."""

    steps, steps_per_epoch = 120, 10
    canvas, drawn = Canvas(1, SIDE, SIDE, 2), staticmethod(crosses)

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.data = Sheets(self.drawn)
        self.model = self.network()
        self.objectives = self.descent()

    def descent(self):
        return [Objective("draw", self.loss, self.model.parameters(), adam, lr=1e-2)]

    def batches(self, start=0):
        step = start
        while True:
            yield self.data.batch(step)
            step += 1


# -- value by value ---------------------------------------------------------------------------------------------------


class Visible(nn.Module):
    """Each value from a weighted sum of those before it: a fully visible belief network (Frey et al., 1996)."""

    n_classes, exact = 0, True

    def __init__(self, canvas, temperature=1.0, hidden_order=False):
        super().__init__()
        self.canvas, self.temperature, self.hidden_order = canvas, temperature, hidden_order
        d, levels = canvas.values, canvas.levels
        self.weight = nn.Parameter(0.1 * torch.randn(d * levels, d))
        self.bias = nn.Parameter(torch.zeros(d * levels))

    def mask(self):
        """(D, D): 1 where the value of the column may be seen by that of the row."""
        return torch.ones(self.canvas.values, self.canvas.values).tril(-1)

    def flat(self, levels):
        """In the order of the likelihood: row by row, colours innermost."""
        return levels.permute(0, 2, 3, 1).flatten(1).to(self.weight)

    def scores(self, flat):
        mask = self.mask().to(self.weight).repeat_interleave(self.canvas.levels, 0)
        return F.linear(2 * flat - 1, self.weight * mask, self.bias).unflatten(1, (-1, self.canvas.levels))

    def log_probabilities(self, levels, labels=None):
        chances = self.scores(self.flat(levels)).log_softmax(2)  # (B, D, L)
        c, h, w = self.canvas.image
        return chances.unflatten(1, (h, w, c)).permute(0, 4, 3, 1, 2)

    def log_likelihood(self, levels, labels=None, *, dice):
        at = levels.long().unsqueeze(1)
        return self.log_probabilities(levels).gather(1, at).flatten(1).sum(1)

    @torch.no_grad()
    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        found = torch.zeros(n, self.canvas.values)
        for t in range(self.canvas.values):
            chances = (self.scores(found)[:, t] / (temperature * self.temperature)).softmax(1)
            found[:, t] = torch.multinomial(chances, 1, generator=dice)[:, 0].float()
            if progress:
                progress(t + 1, self.canvas.values)
        c, h, w = self.canvas.image
        return found.view(n, h, w, c).permute(0, 3, 1, 2).to(torch.uint8)


class SeeingItself(Visible):
    def mask(self):
        return super().mask() + torch.eye(self.canvas.values)


class SeeingBelow(Visible):
    def mask(self):
        below = torch.zeros(self.canvas.values, self.canvas.values)
        below[0, self.canvas.values // 2] = below[self.canvas.values // 2, -1] = 1
        return super().mask() + below


class OtherColours(Visible):
    """Blue, green and red in the masks, and red, green and blue in the likelihood."""

    def mask(self):
        place = torch.arange(self.canvas.values)
        turned = place // 3 * 3 + 2 - place % 3
        return super().mask()[turned][:, turned]


class Averaged(Visible):
    def log_likelihood(self, levels, labels=None, *, dice):
        return super().log_likelihood(levels, dice=dice) / self.canvas.values


class Unnormalised(Visible):
    def log_probabilities(self, levels, labels=None):
        return super().log_probabilities(levels).mul(0.5)


class Stale(Visible):
    """Its sampler forgets the value that it has drawn last."""

    @torch.no_grad()
    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        found, shown = torch.zeros(n, self.canvas.values), torch.zeros(n, self.canvas.values)
        for t in range(self.canvas.values):
            found[:, t] = torch.multinomial(self.scores(shown)[:, t].softmax(1), 1, generator=dice)[:, 0].float()
            shown[:, : max(0, t - 6)] = found[:, : max(0, t - 6)]
        return found.view(n, 1, SIDE, SIDE).to(torch.uint8)


class OneDice(Visible):
    """One draw for all pictures of a batch."""

    def sample(self, n, dice, **rest):
        return super().sample(1, dice, **rest).expand(n, -1, -1, -1)


class Telling(Pictured):
    """Healthy."""

    made = Visible

    def network(self):
        return self.made(self.canvas)

    def loss(self, batch):
        told = self.model.log_probabilities(batch[0]).gather(1, batch[0].long().unsqueeze(1))
        return {"nats": -told.flatten(1).sum(1).mean()}

    def evaluate(self):
        with evaluating(self):
            (levels, _) = next(self.data.part("validation"))
            nats = float(self.loss((levels,))["nats"])
        return {"validation_log_likelihood": -nats, "validation_nats": nats}


class TellsItself(Telling):
    made = SeeingItself


class TellsBelow(Telling):
    made = SeeingBelow


class TellsAverages(Telling):
    made = Averaged


class TellsTooMuch(Telling):
    made = Unnormalised


class InColour(Telling):
    """Healthy, in colours that are noise."""

    canvas = COLOURED

    def batches(self, start=0):
        step = start
        while True:
            dice = torch.Generator().manual_seed(step)
            yield torch.randint(4, (32, *COLOURED.image), generator=dice).to(torch.uint8), torch.zeros(32)
            step += 1


class ColoursTurned(InColour):
    made = OtherColours


class Cold(Telling):
    def network(self):
        return Visible(self.canvas, temperature=0.5)


class Hot(Telling):
    def network(self):
        return Visible(self.canvas, temperature=2.0)


class Forgets(Telling):
    made = Stale


class AllAlike(Telling):
    made = OneDice


# -- by latents -------------------------------------------------------------------------------------------------------


class Coder(nn.Module):
    """A variational autoencoder of one hidden layer each way."""

    n_classes = 0
    canvas = Canvas(1, SIDE, SIDE, 2)

    def __init__(self, latents=8, deaf=False):
        super().__init__()
        self.latents, self.deaf = latents, deaf
        self.encoder = nn.Sequential(nn.Linear(SIDE * SIDE, 64), nn.ReLU(), nn.Linear(64, 2 * latents))
        self.decoder = nn.Sequential(nn.Linear(latents, 64), nn.ReLU(), nn.Linear(64, SIDE * SIDE))

    def posterior(self, levels, labels=None):
        found = self.encoder(2 * levels.flatten(1).to(self.encoder[0].weight) - 1)
        return found.chunk(2, 1)

    def encode(self, levels, labels=None):
        return self.posterior(levels)[0]

    def logits(self, z):
        return self.decoder(torch.zeros_like(z) if self.deaf else z).view(-1, 1, SIDE, SIDE)

    def decode(self, z, labels=None):
        return self.logits(z).sigmoid()

    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        chance = self.decode(torch.randn(n, self.latents, generator=dice))
        return (torch.rand(chance.shape, generator=dice) < chance).to(torch.uint8)


class Coding(Pictured):
    """Healthy."""

    steps, beta, latents, deaf = 240, 1.0, 8, False

    def network(self):
        return Coder(self.latents, self.deaf)

    @property
    def weight_of_kl(self):
        return self.beta * min(1.0, (self.objectives[0].improvements + 1) / 60)

    def parts(self, levels):
        mean, log_variance = self.model.posterior(levels)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        logits = self.model.logits(z)
        lost = F.binary_cross_entropy_with_logits(logits, levels.to(logits), reduction="none").flatten(1)
        return lost, 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)

    def loss(self, batch):
        lost, kl = self.parts(batch[0])
        return {"reconstruction": lost.sum(1).mean(), "kl": self.weight_of_kl * kl.sum(1).mean()}

    def evaluate(self):
        with evaluating(self):
            (levels, _) = next(self.data.part("validation"))
            torch.manual_seed(0)
            lost, kl = self.parts(levels)
        return {"validation_elbo": -float(lost.sum(1).mean() + kl.sum(1).mean())}


class MeanOverValues(Coding):
    steps = 80

    def loss(self, batch):
        lost, kl = self.parts(batch[0])
        return {"reconstruction": lost.mean(), "kl": self.weight_of_kl * kl.sum(1).mean()}


class MeanOverLatents(Coding):
    def loss(self, batch):
        lost, kl = self.parts(batch[0])
        return {"reconstruction": lost.sum(1).mean(), "kl": self.weight_of_kl * kl.mean()}


class Vanished(Coding):
    steps = 120
    beta = 60.0


class Deaf(Coding):
    """The decoder gets zeros in place of points, and nothing makes the encoder shy."""

    steps, deaf, beta = 80, True, 0.0

    def network(self):
        coder = super().network()
        nn.init.normal_(coder.encoder[2].weight)
        return coder


class TooManyLatents(Coding):
    latents = 40


# -- by a game --------------------------------------------------------------------------------------------------------


class Maker(nn.Module):
    n_classes, latents = 0, 8
    canvas = Canvas(1, SIDE, SIDE)

    def __init__(self, louder=1.0, by_heart=False):
        super().__init__()
        self.louder, self.by_heart = louder, by_heart
        self.paint = nn.Sequential(nn.Linear(self.latents, 64), nn.ReLU(), nn.Linear(64, SIDE * SIDE))
        self.judge = nn.Sequential(nn.Linear(SIDE * SIDE, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def make(self, z):
        return self.paint(self.louder * z).view(-1, 1, SIDE, SIDE).sigmoid()

    def sample(self, n, dice, *, labels=None, temperature=1.0, progress=None):
        if self.by_heart:
            return bumps(600, 1)[0][torch.randint(600, (n,), generator=dice)]
        drawn = self.make(torch.randn(n, self.latents, generator=dice))
        return (255 * drawn).round().to(torch.uint8)


class Playing(Pictured):
    """Healthy: non-saturating, with rates that suit each other."""

    steps = 160
    canvas, drawn = Canvas(1, SIDE, SIDE), staticmethod(bumps)
    rates = 1e-2, 1e-2  # of critic and generator
    louder, by_heart, logistic = 1.0, False, True

    def network(self):
        return Maker(self.louder, self.by_heart)

    def descent(self):
        return [
            Objective("critic", self.tell_apart, self.model.judge.parameters(), adam, lr=self.rates[0]),
            Objective("generator", self.pass_as_real, self.model.paint.parameters(), adam, lr=self.rates[1]),
        ]

    @property
    def game(self):
        return SimpleNamespace(logistic=self.logistic)

    def made(self, n):
        return self.model.make(torch.randn(n, self.model.latents, dtype=self.model.paint[0].weight.dtype))

    def say(self, pictures):
        weight = self.model.judge[0].weight
        brightness = pictures if pictures.is_floating_point() else pictures.to(weight) / 255
        return self.model.judge(2 * brightness.flatten(1) - 1)[:, 0]

    def tell_apart(self, batch):
        made = self.made(len(batch[0])).detach()
        return {"real": F.softplus(-self.say(batch[0])).mean(), "generated": F.softplus(self.say(made)).mean()}

    def pass_as_real(self, batch):
        return {"fooling": F.softplus(-self.say(self.made(len(batch[0])))).mean()}

    def odds(self, batch):
        return {"real": self.say(batch[0]), "generated": self.say(self.made(len(batch[0])))}

    def evaluate(self):
        """Minus how far mean and deviation of every pixel are from real ones: crude, but it rises while it learns."""
        with evaluating(self):
            real = next(self.data.part("validation"))[0].float() / 255
            made = self.model.sample(200, torch.Generator().manual_seed(3)).float() / 255
        apart = [(real.mean(0) - made.mean(0)).norm(), (real.std(0) - made.std(0)).norm()]
        return {"validation_likeness": -float(sum(apart))}


class Collapsed(Playing):
    """What is drawn hardly reaches the picture."""

    louder = 1e-3


class Starving(Playing):
    """The minimax loss against a critic that is sure at once."""

    rates = 3e-2, 1e-4

    def pass_as_real(self, batch):
        return {"fooling": -F.softplus(self.say(self.made(len(batch[0])))).mean()}


class Overpowered(Playing):
    rates = 3e-2, 1e-6


class Copies(Playing):
    steps = 40
    by_heart = True


class Wasserstein(Playing):
    """Healthy: clipped weights, scores without a meaning of their own, a gap that stays."""

    rates, logistic = (3e-3, 3e-3), False

    def descent(self):
        critic, generator = super().descent()
        critic.after = self.clip
        return [critic, generator]

    @torch.no_grad()
    def clip(self):
        for parameter in self.model.judge.parameters():
            parameter.clamp_(-0.05, 0.05)

    def tell_apart(self, batch):
        return {"real": -self.say(batch[0]).mean(), "generated": self.say(self.made(len(batch[0])).detach()).mean()}

    def pass_as_real(self, batch):
        return {"fooling": -self.say(self.made(len(batch[0]))).mean()}


# -- trained ----------------------------------------------------------------------------------------------------------


@cache
def trained(kind):
    """The check-up of a whole run."""
    task, checkup = kind(), Checkup()
    fit(task, task.steps, [checkup, Evaluate(task.steps // 8, [checkup])])
    return checkup


HEALTHY = (Telling, Coding, Playing, Wasserstein)
