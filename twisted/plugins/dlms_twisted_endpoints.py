"""
The C{serial:} client endpoint, for C{clientFromString} in any Twisted program.
"""

from twisted.internet.interfaces import IStreamClientEndpointStringParserWithReactor
from twisted.plugin import IPlugin
from zope.interface import implementer


@implementer(IPlugin, IStreamClientEndpointStringParserWithReactor)
class _SerialParser:
    """
    C{serial:DEVICE[:baudrate=9600][:bytesize=8][:parity=N][:stopbits=1]…}; pyserial is imported only when
    the endpoint connects.
    """

    prefix = "serial"

    def parseStreamClient(self, reactor, *names, **options):  # type: ignore[no-untyped-def]
        """
        @raise dlms_twisted.errors.ConfigurationError: not such a description.
        """
        from dlms_twisted.transport.serial import SerialEndpoint
        from dlms_twisted.transport.serial_description import SerialDescription

        return SerialEndpoint(reactor, SerialDescription.from_parts(names, options))


dlms_serial = _SerialParser()
