"""Whose person a contact was when it was looked at last; Salesforce tells only whose it is now.

An account that a contact has left has not changed itself, so nothing announces it but this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.ledger import Link
from include.pipelines.mirrors.announce import Hint, hint

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.pipelines.mirrors.ports import MirrorWorld

PERSON = "contact_person"
"""Links of this entity lead from a contact to its account, blank for one of nobody's; both Salesforce's."""
SOME = 10_000
"""Contacts that one question names; a batch of accounts may have more."""


def announce_left(
    world: MirrorWorld, people: Mapping[str, tuple[str, str]], deleted: Collection[str]
) -> None:
    """Announce accounts that a contact has left, so that theirs in Zoho loses the person.

    Args:
        world: the systems.
        people: by contact, its account now, and the version of the record that says so.
        deleted: accounts whose people are of no account any more: nobody need hear who left them.
    """
    flow, ledger = world.flow, world.ledger
    keys, known = list(people), dict[str, Link]()
    for start in range(0, len(keys), SOME):
        known |= ledger.crosswalk.find(PERSON, flow.source, keys[start : start + SOME], flow.source)
    former = {key: link.target_id for key, link in known.items() if link.target_id != people[key][0]}
    # Announced before it is forgotten: of a process that dies in between, the next one announces it again.
    hints = [
        Hint(account, f"left:{key}:{people[key][1]}")
        for key, account in former.items()
        if account and account not in deleted
    ]
    hint(world, flow.name, flow.event, hints, origin="contact")
    news = [key for key, (account, _) in people.items() if key in former or (account and key not in known)]
    ledger.crosswalk.bind(
        [
            Link(PERSON, flow.source, key, flow.source, people[key][0], origin=f"seen by {flow.name}")
            for key in news
        ]
    )
