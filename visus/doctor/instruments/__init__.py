"""What is measured of a running training, one kind of measurement per file. Instruments only read."""


def due(step: int) -> bool:
    """Whether a step is measured closely: often at first, where most goes wrong, then one step in 64.

    The cost of a run's doctor follows from this: a measured step costs about half a step more.
    """
    if step < 4:
        return True
    return step % min(64, max(2, 2 ** (step.bit_length() - 4))) == 0
