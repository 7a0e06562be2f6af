"""The states and their local government areas, as people spell them."""

import pytest

from crm_core.patients.places import find_area, find_state, states

COUNTS = """
Abia 17, Adamawa 21, Akwa Ibom 31, Anambra 21, Bauchi 20, Bayelsa 8, Benue 23, Borno 27,
Cross River 18, Delta 25, Ebonyi 13, Edo 18, Ekiti 16, Enugu 17, FCT 6, Gombe 11, Imo 27,
Jigawa 27, Kaduna 23, Kano 44, Katsina 34, Kebbi 21, Kogi 21, Kwara 16, Lagos 20, Nasarawa 13,
Niger 25, Ogun 20, Ondo 18, Osun 30, Oyo 33, Plateau 17, Rivers 23, Sokoto 23, Taraba 16,
Yobe 17, Zamfara 14
"""


def test_there_are_37_states_with_774_areas() -> None:
    counted = {state.name: len(state.areas) for state in states()}
    wanted = dict(pair.strip().rsplit(" ", 1) for pair in COUNTS.split(","))
    assert counted == {name: int(number) for name, number in wanted.items()}
    assert (len(counted), sum(counted.values())) == (37, 774)


def test_no_area_is_named_twice_in_a_state() -> None:
    for state in states():
        assert len(set(state.areas)) == len(state.areas)
        assert list(state.areas) == sorted(state.areas)


def test_every_area_is_found_by_its_own_name_in_any_case() -> None:
    for state in states():
        for area in state.areas:
            assert find_area(state.name, area) == area
            assert find_area(state.name.upper(), f" {area.lower()} ") == area


@pytest.mark.parametrize(
    ("state", "written", "usual"),
    [
        ("Lagos", "eti osa", "Eti-Osa"),
        ("Lagos", "ETIOSA", "Eti-Osa"),
        ("Lagos", "Ifako Ijaiye", "Ifako-Ijaiye"),
        ("FCT", "AMAC", "Abuja Municipal"),
        ("Ogun", "Yewa South", "Egbado South"),
        ("Adamawa", "Guyuk", "Gayuk"),
        ("Cross River", "Calabar Municipality", "Calabar Municipal"),
        ("Kaduna", "Jemaa", "Jema'a"),
        ("Oyo", "Ìbàdàn North", "Ibadan North"),
    ],
)
def test_an_area_is_found_by_its_other_spellings(state: str, written: str, usual: str) -> None:
    assert find_area(state, written) == usual


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        ("lagos state", "Lagos"),
        ("Abuja", "FCT"),
        ("Federal Capital Territory", "FCT"),
        ("F.C.T.", "FCT"),
        ("Nassarawa", "Nasarawa"),
        ("akwa-ibom", "Akwa Ibom"),
        ("Ọ̀yọ́", "Oyo"),
    ],
)
def test_a_state_is_found_by_its_other_spellings(written: str, usual: str) -> None:
    assert find_state(written).name == usual


def test_an_area_of_another_state_is_refused_with_its_state() -> None:
    with pytest.raises(ValueError, match="Ikeja is in Lagos, not in Kano"):
        find_area("Kano", "Ikeja")


def test_an_area_of_several_other_states_names_them_all() -> None:
    with pytest.raises(ValueError, match="Obi is in Benue and Nasarawa, not in Kano"):
        find_area("Kano", "Obi")


@pytest.mark.parametrize("written", ["", "   ", "Accra", "!!", "state", "x" * 10_000])
def test_what_is_no_place_is_refused_in_a_sentence(written: str) -> None:
    with pytest.raises(ValueError, match="is no state of Nigeria"):
        find_state(written)
    with pytest.raises(ValueError, match="no local government area of Kano"):
        find_area("Kano", written)
