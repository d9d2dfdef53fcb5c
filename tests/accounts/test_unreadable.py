"""What no database can store is refused in words, wherever it is put."""

import pytest

from foundation.accounts.models import Membership

NUL = "%00"


@pytest.mark.parametrize(
    "page",
    [
        f"/loads/{NUL}/",
        f"/legs/a{NUL}b/",
        f"/matches/{NUL}/",
        f"/matching/loads/{NUL}/matches/",
        f"/trucks/trucks/{NUL}/edit/",
        f"/organization/invitations/{NUL}/",
    ],
)
def test_a_null_character_in_an_address_is_refused_and_no_crash(cast, signed_in, page):
    response = signed_in(cast.people["owner"]).get(page)
    assert response.status_code in (400, 404)
    assert "cannot be stored" in response.text or response.status_code == 404


def test_a_null_character_in_a_form_is_refused_and_changes_nothing(cast, signed_in):
    person = cast.people["viewer"]
    client = signed_in(person)
    response = client.post("/organization/switch/", {"organization": "org_\0"})
    assert response.status_code == 400
    assert "Nothing was saved" in response.text
    assert Membership.objects.filter(person=person).count() == 1


def test_the_fragment_of_a_refusal_is_no_whole_page(cast, signed_in):
    client = signed_in(cast.people["owner"])
    response = client.get(f"/matching/loads/{NUL}/matches/", headers={"HX-Request": "true"})
    assert response.status_code == 400
    assert "<html" not in response.text
