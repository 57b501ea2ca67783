"""Served lists: found by recommendation id and dataset group, and bounded in number."""

from __future__ import annotations

from model.engine.serving.served_lists import ServedList, ServedLists


def served(*item_ids, group="group"):
    return ServedList("campaign", group, item_ids)


def test_a_list_is_found_by_its_id_and_its_dataset_group():
    lists = ServedLists()
    lists.add("RID-1", served("a", "b"))

    found = lists.find("RID-1", "group")

    assert found is not None
    assert found.item_ids == ("a", "b")
    assert lists.find("RID-1", "another group") is None
    assert lists.find("RID-2", "group") is None
    assert lists.find(None, "group") is None


def test_the_oldest_lists_are_dropped_even_if_lists_are_empty():
    lists = ServedLists(kept_ids=10)
    for number in range(100):
        lists.add(f"RID-{number}", served(*("x" * (number % 3))))

    kept = [number for number in range(100) if lists.find(f"RID-{number}", "group")]

    assert kept == list(range(100 - len(kept), 100))
    assert 3 <= len(kept) <= 10
