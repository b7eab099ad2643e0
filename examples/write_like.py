"""A language model of characters from Python: train on a text, let it go on, ask what surprises it.

Run: python examples/write_like.py book.txt
"""

import sys

import visus

if __name__ == "__main__":
    settings = {"hidden": 128, "embedding": 128, "epochs": 10}
    fitted = visus.fit(sys.argv[1], subject="text", budget="2m", skip=["search"], **settings)
    model = fitted.model
    print(model.sample("The ", 300, temperature=0.8))
    print(f"{model.nats('The quick brown fox jumps'):.2f} nats a character; the report: {fitted.report}")
