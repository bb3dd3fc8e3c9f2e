"""Groups and suggestions of a library's gallery."""

import pytest

from mien import Faces
from mien.errors import ResourceNotFoundError
from tests import photos


def test_groups_are_listed_hidden_named_and_suggested(packs: str) -> None:
    one, other = photos.astronaut().pixels, photos.hopper().pixels
    with Faces(packs=packs) as faces, faces.gallery() as gallery:
        ann = [gallery.add(photos.jpeg(photos.resized(one, size)))[0] for size in (1.0, 0.8, 0.7)]
        bea = [gallery.add(photos.jpeg(photos.resized(other, size)))[0] for size in (1.0, 0.7)]
        first, second = gallery.list_groups()
        assert (first.group_id, first.faces, first.photographs, first.first) == (ann[0], 3, 3, ann)
        assert gallery.list_group_faces(second.group_id) == bea
        gallery.hide_group(bea[1])
        assert [each.group_id for each in gallery.list_groups()] == [ann[0]]
        assert [each.group_id for each in gallery.list_groups(hidden=True)] == [bea[0]]
        gallery.show_group(bea[0])
        user = gallery.name_person("Ann", ann[:2]).person.user_id
        (found,) = gallery.list_suggestions()
        assert (found.user_id, found.name, found.group_id, found.other_user_id) == (user, "Ann", ann[2], None)
        assert gallery.list_suggestions(user) == [found]
        with pytest.raises(ResourceNotFoundError):
            gallery.list_group_faces(ann[0])
