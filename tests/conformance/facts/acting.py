"""Learning by acting: what is earned from each step on."""

from visus.losses.returns import discounted_returns

from ._given import Answer, Given, fact


@fact("discounted_returns")
def _returns(g: Given) -> Answer:
    return {"G": discounted_returns(g["r"], float(g.param("gamma")))}
