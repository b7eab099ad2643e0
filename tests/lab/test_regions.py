"""What the experiments on boxes and larger maps rest on."""

import pytest
import torch

from visus.geometry.anchors import Anchors
from visus.lab import anchors, overlap, roi, selective_search, suppression, upsampling


def test_iou_says_nothing_of_boxes_apart_and_giou_still_has_a_slope():
    assert overlap.slope("IoU", 32.0, 1.5) == 0
    assert overlap.slope("GIoU", 32.0, 1.5) < 0
    assert overlap.descent("IoU", 32.0, 1.5, 20, 50)[-1] == 0
    assert overlap.descent("GIoU", 32.0, 1.5, 20, 600)[-1] > 0.8


def test_half_a_side_aside_is_a_third():
    assert overlap.moved(10.0, torch.tensor([0.0, 0.5]))["IoU"].tolist() == pytest.approx([1, 1 / 3])


@pytest.mark.parametrize("stride", [4, 16])
def test_roi_align_reads_a_ramp_where_the_bin_is_and_pooling_off_by_parts_of_the_stride(stride):
    off = roi.off(stride, bins=7, n=50, seed=0)
    assert off["RoIAlign"] < 1e-3
    assert 0.2 < off["RoI pooling"] / stride < 1


def test_a_window_whose_side_the_stride_divides_stamps_evenly():
    assert upsampling.unevenness(4, 2) == pytest.approx(0, abs=1e-6)
    # 3 x 3 by 2: one, two, two or four windows meet at a place, 1.5 by 1.5 on average
    assert upsampling.unevenness(3, 2) == pytest.approx(0.484, abs=0.01)


def test_max_unpooling_puts_values_back_where_they_were():
    images = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    kept = upsampling.places_kept(images, upsampling.enlarged(images))
    assert kept["max-unpooling"] == 1
    assert kept["nearest"] == 0
    assert 0.1 < kept["bed of nails"] < 0.45


def two_neighbours(shift):
    boxes = torch.tensor([[0.0, 0, 10, 10], [shift, 0, 10 + shift, 10]])
    found = torch.cat([boxes, boxes + 0.4])
    return suppression.Scene(
        boxes, torch.tensor([0, 0]), found, torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.zeros(4).long()
    )


def test_a_threshold_below_their_overlap_eats_a_neighbour_and_one_near_1_leaves_duplicates():
    close = two_neighbours(4.0)  # an overlap of 0.43
    assert suppression.judged([close], 0.3, classes=False)["eaten"] == 0.5
    kept = suppression.judged([close], 0.5, classes=False)
    assert (kept["eaten"], kept["duplicates"]) == (0, 0)
    assert suppression.judged([close], 0.95, classes=False)["duplicates"] == 1


def test_anchors_of_an_objects_own_shape_at_its_place_meet_it():
    box = torch.tensor([[24.0, 4, 40, 12]])
    laid = Anchors.of_shapes([torch.tensor([[16.0, 8.0]])], [16])
    assert anchors.overlaps(laid, [(32, 64)], [box]).tolist() == [pytest.approx(1 / 3)]
    assert anchors.n_anchors(laid, 32, 64) == 8


def test_recall_counts_the_first_boxes_only():
    truth = [torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60]])]
    found = [torch.tensor([[0.0, 0, 10, 9], [90, 90, 99, 99], [50, 50, 61, 60]])]
    assert [selective_search.recall(found, truth, n) for n in (1, 2, 3)] == [0.5, 0.5, 1.0]
