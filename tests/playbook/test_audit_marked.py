"""`visus audit` sees what a folder holds: marked objects, label maps, or pictures with classes."""

import shutil

from visus.data.annotated import coco
from visus.data.shapes import shape_maps, shapes
from visus.playbook._session import Silent
from visus.playbook.audit import examine


def checks(folder) -> set[str]:
    return {verdict.check for verdict in examine(str(folder), Silent())}


def test_a_folder_of_marked_objects_is_audited_as_such(tmp_path):
    drawn = shapes(8, 32, 32, folder=tmp_path / "drawn")
    written = coco.write(drawn, tmp_path / "drawn")
    assert all(file.is_file() for file in written.files)
    for path, place in zip(drawn.paths, written.pictures, strict=True):
        place.parent.mkdir(parents=True, exist_ok=True)
        if place != path:
            shutil.copy(path, place)
    found = checks(tmp_path / "drawn")
    assert {"tiny", "outlines", "near_duplicates"} <= found
    assert "class_size" not in found


def test_a_folder_of_label_maps_is_audited_as_such(tmp_path):
    drawn = shape_maps(8, 32, 32, folder=tmp_path / "drawn")
    (tmp_path / "drawn" / "maps").rename(tmp_path / "drawn" / "masks")
    (tmp_path / "drawn" / "classes.txt").write_text("\n".join(f"{k} {name}" for k, name in enumerate(drawn.classes)))
    assert {"unknown_ids", "pixel_balance", "unreadable"} <= checks(tmp_path / "drawn")


def test_a_folder_of_classes_is_audited_as_before(stripes):
    assert "class_size" in checks(stripes)
    assert "tiny" not in checks(stripes)
