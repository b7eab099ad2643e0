"""The doctor beside a plain PyTorch loop: two lines, and a report. Try it with a rate far too high: any_loop.py 200"""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

import visus

if __name__ == "__main__":
    pixels, labels = load_digits(return_X_y=True)
    torch.manual_seed(0)
    order = torch.randperm(len(pixels))
    x = torch.as_tensor(pixels, dtype=torch.float32)[order] / 8 - 1  # (1797, 64), -1 to 1
    y = torch.as_tensor(labels)[order]
    held_x, held_y, x, y = x[1500:], y[1500:], x[:1500], y[:1500]

    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=float(sys.argv[1]) if len(sys.argv) > 1 else 0.2)
    doctor = visus.Doctor(model, optimizer)

    for _ in range(15):
        for pick in torch.randperm(len(x)).split(50):
            scores = model(x[pick])
            loss = F.cross_entropy(scores, y[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            doctor.step(loss, inputs=x[pick], targets=y[pick], outputs=scores)
        with torch.no_grad():
            scores = model(held_x)
        doctor.validate(F.cross_entropy(scores, held_y), (scores.argmax(1) == held_y).float().mean())

    print(doctor.report())
