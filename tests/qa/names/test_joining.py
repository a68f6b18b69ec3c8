"""Names of many articles are one where they mean the same."""

from onrecord.qa.names.joining import folded, same_name
from onrecord.qa.names.values import Found, NameKind


def found(kind: NameKind, name: str, *others: str) -> Found:
    return Found(kind, name, others or (name,), ((0, 0, len(name)),))


def keys(*every: Found) -> dict[tuple[NameKind, str], int]:
    return {key: len(places) for key, places in folded((f"a{n}", one) for n, one in enumerate(every)).items()}


def test_a_last_name_alone_is_the_only_full_name_that_ends_so() -> None:
    assert keys(found("person", "Sergei Lavrov"), found("person", "Lavrov")) == {("person", "Sergei Lavrov"): 2}


def test_an_abbreviation_is_the_only_organisation_that_has_it() -> None:
    who = found("organisation", "World Health Organization", "World Health Organization", "WHO")
    assert keys(who, found("organisation", "WHO")) == {("organisation", "World Health Organization"): 2}
    other = found("organisation", "Wide Hall Owners", "Wide Hall Owners", "WHO")
    assert ("organisation", "WHO") in keys(who, other, found("organisation", "WHO"))


def test_a_place_is_one_however_it_is_written() -> None:
    assert keys(found("place", "U.S."), found("place", "United States"), found("place", "US")) == {
        ("place", "United States"): 3
    }


def test_what_is_nearly_always_of_one_kind_is_so_everywhere() -> None:
    places = [found("place", "Kyiv")] * 4
    assert keys(*places, found("person", "Kyiv")) == {("place", "Kyiv"): 5}
    assert len(keys(found("place", "Jordan"), found("person", "Jordan"))) == 2


def test_a_name_that_is_asked_for_is_found_by_any_of_its_forms() -> None:
    assert same_name("the who", "organisation", "World Health Organization", {"WHO"})
    assert same_name("america", "place", "United States", {"U.S."})
    assert same_name("lavrov", "person", "Sergei Lavrov", set())
    assert not same_name("Pell", "place", "Larnville", {"Larnville"})
