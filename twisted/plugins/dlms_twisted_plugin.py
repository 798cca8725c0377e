"""
The C{twistd} commands of dlms-twisted, by name only: what they need is imported when they run.
"""

from twisted.application.service import ServiceMaker

dlms_collector = ServiceMaker(
    "DLMS push collector",
    "dlms_twisted.tap.collector",
    "Capture what DLMS/COSEM meters push in a durable journal.",
    "dlms-collector",
)

dlms_meter = ServiceMaker(
    "DLMS simulated meters",
    "dlms_twisted.tap.meter",
    "Simulate DLMS/COSEM meters: to read, and that push.",
    "dlms-meter",
)
