"""What a mirror flow's translation needs to know of the site, noted with the batch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from include.pipelines.site import SNAPSHOT
from include.translation import RateTable, Site

if TYPE_CHECKING:
    from include.pipelines.mirrors.ports import MirrorWorld
    from include.pipelines.staging import Staging


def site(world: MirrorWorld, staging: Staging, *, read_at: str) -> Site:
    """References, rates and settings as they are now; those that are small are noted in ``staging``.

    ``read_at`` (ISO 8601) is when the records were read; mappings find it as the setting ``as_of``.
    """
    settings = {**world.settings, "as_of": read_at}
    rates = world.ledger.rates.all()
    told = {
        "settings": json.dumps(settings, sort_keys=True),
        "time_zone": world.time_zone,
        "at": world.clock().isoformat(),
    }
    staging.write(SNAPSHOT, pd.DataFrame({"name": list(told), "digest": list(told.values())}))
    return Site(
        references=dict(world.references()),
        rates=RateTable(rates),
        settings=settings,
        time_zone=world.time_zone,
        widths=dict(world.widths()),
    )
