"""Layers of two models are paired in passes, and what is left over stays alone."""

import pytest

from compare.match.pairing import Seen, paired

DENSE = {"kernel": (4, 4), "bias": (4,)}


def linear(path, **weights):
    return Seen(path=path, kind="Linear", family="dense", weights=weights or DENSE)


def dense(path, **weights):
    return Seen(path=path, kind="Dense", family="dense", weights=weights or DENSE)


def pairs(left, right, given=None):
    """Return the paths of both sides, and the pass."""
    return [
        (one.left and one.left.path, one.right and one.right.path, one.found)
        for one in paired(left, right, given)
    ]


def test_numbers_that_somebody_chose_are_names():
    found = pairs([linear("fc_2"), linear("fc_1")], [dense("fc_1"), dense("fc_2")])
    assert found == [("fc_2", "fc_2", "name"), ("fc_1", "fc_1", "name")]


def test_names_that_a_framework_gives_are_none():
    found = pairs([linear("layers/0"), linear("layers/1")], [dense("dense_1"), dense("dense")])
    assert found == [("layers/0", "dense_1", "order"), ("layers/1", "dense", "order")]


def test_a_layer_without_a_partner_stays_alone():
    found = pairs([linear("a"), linear("b", kernel=(4, 9))], [dense("c")])
    assert found == [("a", "c", "order"), ("b", None, "")]


def test_shapes_tell_where_kinds_do_not():
    other = Seen(path="mine", kind="Mine", family="", weights=DENSE)
    assert pairs([linear("a")], [other]) == [("a", "mine", "shape")]


def test_a_map_comes_first():
    found = pairs([linear("a"), linear("b")], [dense("c"), dense("d")], {"a": "d"})
    assert found == [("a", "d", "map"), ("b", "c", "order")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": "c", "b": "c"}, "the map names c twice"),
        ({"a": "x"}, "the map names x: expected a layer, one of c, d"),
    ],
)
def test_a_map_that_cannot_be_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        paired([linear("a"), linear("b")], [dense("c"), dense("d")], given)
