"""
The load profile in a range of dates, with units, from a meter that wants HLS with GMAC and ciphers everything::

    load_profile.py 2026-01-01 2026-01-02 tcp:192.0.2.1:4059
    load_profile.py 2026-01-01 2026-01-02 serial:/dev/ttyUSB0:baudrate=9600
    load_profile.py 2026-01-01 2026-01-02 serial:/dev/ttyUSB0:baudrate=9600 mode-e

Its keys are in the environment: DLMS_EK and DLMS_AK.
"""

import os
import sys
from datetime import datetime

from twisted.internet import task

from dlms_twisted.client import MeterSettings, connect


async def main(reactor, first, last, where, sign_on=""):
    settings = MeterSettings(
        client=1,
        auth="gmac",
        security="authenticated-encrypted",
        encryption_key=bytes.fromhex(os.environ["DLMS_EK"]),
        authentication_key=bytes.fromhex(os.environ["DLMS_AK"]),
        mode_e=sign_on == "mode-e",
        # As the public client, which invocation counter the meter wants next.
        ask_counter=True,
    )
    async with await connect(reactor, where, settings) as meter:
        span = datetime.fromisoformat(first), datetime.fromisoformat(last)
        async for row in meter.rows("1-0:99.1.0.255", *span):
            cells = zip(row, row.columns, strict=True)
            print(*(f"{cell} {column.unit or ''}".strip() for cell, column in cells), sep="  ")


if __name__ == "__main__":
    task.react(main, sys.argv[1:])
