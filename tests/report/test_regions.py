"""Decision regions: the picture is what the classifier says, the right way up."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from visus.report.figures.regions import TINTS, compared, regions

CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])


def pixels(svg):
    return [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(found))).convert("RGBA"))
        for found in re.findall(r"data:image/png;base64,([\w+/=\s]+)", svg)
    ]


def test_says_above_where_it_is_above():
    chart = regions(lambda points: points[:, 1] > 0.5, CORNERS, [0, 0, 1, 1], "Up")
    (picture,) = pixels(chart.svg)
    turned = re.search(r'transform="matrix\([\d.]+ 0 0 -', chart.svg)  # the file may hold it upside down
    picture = picture[::-1] if turned else picture
    assert tuple(picture[2, 50, :3]) == TINTS[1]
    assert tuple(picture[-3, 50, :3]) == TINTS[0]
    share = (picture[..., 0] == TINTS[1][0]).mean()
    assert share == pytest.approx(0.28, abs=0.03)


def test_asks_for_float32_points_within_the_frame():
    asked = []
    regions(lambda points: asked.append(points) or np.zeros(len(points)), CORNERS, [0, 1, 2, 3], "Where")
    (points,) = asked
    assert points.dtype == np.float32
    assert points.min() > -1.2
    assert points.max() < 1.2


def test_several_classifiers_side_by_side():
    chart = compared({f"k={k}": lambda p, k=k: np.full(len(p), k) for k in (1, 3, 5)}, CORNERS, [0, 1, 0, 1], "By k")
    assert len(pixels(chart.svg)) == 3
    assert all(f"k={k}" in chart.svg for k in (1, 3, 5))


@pytest.mark.parametrize(
    ("points", "labels", "sentence"),
    [
        (np.ones((4, 3)), [0] * 4, r"got shape \(4, 3\)"),
        (np.ones((0, 2)), [], r"got shape \(0, 2\)"),
        (CORNERS, [0, 1], "as many labels"),
        (CORNERS * np.nan, [0] * 4, "finite"),
    ],
)
def test_refuses_what_cannot_be_drawn(points, labels, sentence):
    with pytest.raises(ValueError, match=sentence):
        regions(lambda p: np.zeros(len(p)), points, labels, "None")
