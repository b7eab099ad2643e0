"""Losses of style transfer."""

from visus.losses.style import content_loss, gram_matrix, tv_loss

from ._given import Answer, Given, fact


@fact("gram_matrix")
def _gram(g: Given) -> Answer:
    return {"gram": gram_matrix(g["features"])}


@fact("tv_loss")
def _variation(g: Given) -> Answer:
    return {"loss": tv_loss(g["img"], float(g.param("tv_weight", default=1.0)))}


@fact("content_loss")
def _content(g: Given) -> Answer:
    return {"loss": content_loss(g["a"], g["b"], float(g.param("content_weight", default=1.0)))}
