"""Address standardisation (A41)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox import northwind
from include.translation.addresses import Postal, standardised
from include.translation.addresses.places import countries_like, country, subdivision
from include.translation.addresses.postcodes import looks_right, postcode
from include.translation.addresses.streets import us_street


def a_postal(street: str = "", city: str = "", region: str = "", code: str = "", land: str = "") -> Postal:
    return Postal("", "", street, "", "", city, region, "", code, land)


STREETS = [
    ("1420 Raritan Avenue", "1420 Raritan Ave"), ("87 Polk St. Suite 5", "87 Polk St Ste 5"),
    ("305 - 14th Ave. S. Suite 3B", "305 14th Ave S Ste 3B"), ("P.O. Box 555", "PO Box 555"),
    ("po box 12", "PO Box 12"),
    ("12 Orchestra Terrace", "12 Orchestra Ter"), ("2817  Milton   Dr.", "2817 Milton Dr"),
    ("722 DaVinci Blvd.", "722 DaVinci Blvd"), ("8525 Nw 17th St.", "8525 NW 17th St"),
    ("100 North Main Street, Apartment 4B", "100 N Main St, Apt 4B"),
    ("55 Grizzly Peak Rd.", "55 Grizzly Peak Rd"),
    ("City Center Plaza 516 Main St.", "City Center Plaza 516 Main St"), ("1 Court Street", "1 Court St"),
    ("99535 Dallas Highway", "99535 Dallas Hwy"), ("", ""), ("Suite 300", "Ste 300"), ("Floor 2", "Fl 2"),
]  # fmt: skip


@pytest.mark.parametrize(("street", "standard"), STREETS)
def test_streets_in_the_united_states_are_written_as_the_post_does(street: str, standard: str) -> None:
    assert us_street(street) == standard


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("USA", "US"), ("U.S.A", "US"), ("U.S.A.", "US"), ("United States", "US"), ("us", "US"),
        ("UK", "GB"), ("U.K.", "GB"),
        ("United Kingdom", "GB"), ("England", "GB"), ("DEU", "DE"), ("Deutschland", "DE"), ("germany", "DE"),
        ("México", "MX"), ("Brasil", "BR"), ("Côte d'Ivoire", "CI"), ("Ivory Coast", "CI"),
        ("Venezuela", "VE"),
        ("The Netherlands", "NL"), ("South Korea", "KR"), ("  Éire ", "IE"), ("Österreich", "AT"), ("", ""),
        ("Atlantis", None), ("U", None),
    ],
)  # fmt: skip
def test_countries_are_known_however_they_are_written(name: str, code: str | None) -> None:
    assert country(name) == code


def test_the_sources_own_country_code_wins() -> None:
    assert country("Somewhere", "DE") == "DE"
    assert country("Germany", "??") == "DE"


def test_near_countries_are_offered() -> None:
    assert countries_like("Germny")[0][:2] == ("DE", "Germany")


@pytest.mark.parametrize(
    ("land", "name", "code", "expected"),
    [
        ("CA", "Québec", "", ("Québec", "QC")), ("CA", "Quebec", "", ("Quebec", "QC")),
        ("CA", "QC", "", ("Quebec", "QC")),
        ("IE", "Co. Cork", "", ("Cork", "CO")), ("IE", "County Cork", "", ("Cork", "CO")),
        ("GB", "Isle of Wight", "", ("Isle of Wight", "IOW")), ("GB", "Essex", "", ("Essex", "ESS")),
        ("US", "New Jersey", "", ("New Jersey", "NJ")), ("US", "nj", "", ("New Jersey", "NJ")),
        ("US", "", "WA", ("Washington", "WA")),
        ("US", "Washington, D.C.", "", ("District of Columbia", "DC")),
        ("DE", "Bayern", "", ("Bayern", "BY")), ("DE", "Bavaria", "", ("Bayern", "BY")),
        ("BR", "Sao Paulo", "", ("São Paulo", "SP")), ("BR", "SP", "", ("São Paulo", "SP")),
        ("VE", "Táchira", "", ("Táchira", "S")), ("MX", "Distrito Federal", "", ("Ciudad de México", "CMX")),
        ("ES", "Vizcaya", "", ("Bizkaia", "BI")), ("FR", "Seine (Paris)", "", ("Seine (Paris)", "")),
        ("", "Anywhere", "", ("Anywhere", "")), ("US", "", "", ("", "")),
    ],
)  # fmt: skip
def test_subdivisions_are_known_by_name_and_code(
    land: str, name: str, code: str, expected: tuple[str, str]
) -> None:
    assert subdivision(land, name, code) == expected


@pytest.mark.parametrize(
    ("land", "code", "expected"),
    [
        ("CA", "h1j1c3", "H1J 1C3"), ("CA", "T2F 8M4", "T2F 8M4"), ("GB", "wa1 1dp", "WA1 1DP"),
        ("GB", "PO317PJ", "PO31 7PJ"),
        ("SE", "S-958 22", "958 22"), ("SE", "95822", "958 22"), ("BE", "B-1180", "1180"),
        ("PL", "01-012", "01-012"),
        ("BR", "05432-043", "05432-043"), ("US", "98128", "98128"), ("US", "981281234", "98128-1234"),
        ("DE", "D-80805", "80805"), ("NL", "1012ab", "1012 AB"), ("AR", "1010", "1010"),
        ("PT", "1675", "1675"),
        ("US", "not a code", "not a code"), ("ZZ", "12 3", "12 3"), ("", " 7 ", "7"), ("IE", "", ""),
    ],
)  # fmt: skip
def test_postal_codes_are_written_as_the_country_does(land: str, code: str, expected: str) -> None:
    assert postcode(land, code) == expected


def test_a_code_of_another_shape_is_noticed() -> None:
    assert looks_right("US", "98128-1234")
    assert not looks_right("US", "H1J 1C3")
    assert looks_right("IE", "")


@pytest.mark.parametrize("customer", northwind.customers().values(), ids=northwind.customers().keys())
def test_northwinds_addresses_find_their_country_and_lose_nothing(customer: northwind.Customer) -> None:
    """21 countries: the country is right, the street keeps its words, twice is once."""
    place = customer.place
    done = standardised(a_postal(place.street, place.city, place.region, place.postal_code, place.country))
    assert done.country == northwind.COUNTRIES[place.country][0]
    assert done.city == " ".join(place.city.split())
    assert standardised(done) == done
    if place.country != "USA":
        assert done.street1 == " ".join(place.street.split())
    if place.country in {"USA", "Canada", "Brazil"}:
        assert len(done.subdivision_code) == 2


def test_an_unknown_country_keeps_all_its_words() -> None:
    there = a_postal("1 Main Street", "Poseidonis", "Deep", "1", "Atlantis")
    assert standardised(there) == there


parts = st.text(st.sampled_from(list("abcSt. 19-#,éN\tß")), max_size=24) | st.sampled_from(
    [street for street, _ in STREETS]
    + ["Str. des 17. Juni 135", "C/ Araquil, 67", "5ª Ave. Los Palos Grandes", "St", "N"]
)


@settings(max_examples=150, deadline=None)
@given(parts, parts, parts, parts, st.sampled_from(["US", "USA", "UK", "Germany", "CA", "", "Atlantis"]))
def test_standardising_twice_is_standardising_once(
    street: str, city: str, region: str, code: str, land: str
) -> None:
    once = standardised(a_postal(street, city, region, code, land))
    assert standardised(once) == once
