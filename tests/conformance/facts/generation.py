"""Models that make pictures: the divergence of a VAE and the game of a GAN."""

from visus.lab.minimax_orbit import played
from visus.losses.variational import gaussian_kl

from ._given import Answer, Given, fact


@fact("vae_gaussian_kl")
def _divergence(g: Given) -> Answer:
    return {"kl": gaussian_kl(g["mu"], g["logvar"]).sum(1)}


@fact("gan_minimax_xy")
def _game(g: Given) -> Answer:
    way = played("in turn", 1.0, int(g.param("steps")))
    return {"x": [x for x, _ in way], "y": [y for _, y in way]}
