"""
The gateway protocol: a prefix that says for which device behind a gateway an APDU is.

Source: IEC 62056-8-x gateway protocol, Green Book.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.kinds import OCTETS, REST, U8

__all__ = ["GatewayRequest", "GatewayResponse"]


@frozen(kw_only=True)
class GatewayRequest(Apdu):
    """
    Towards a device behind a gateway; a push that a gateway relays has this prefix too.

    @ivar network_id: Which of the gateway's networks.
    @ivar physical_device_address: The device there; empty for the gateway itself.
    @ivar content: The APDU, ciphered or not.
    """

    TAG: ClassVar[int] = 0xE6
    NAME: ClassVar[str] = "gateway-request"

    network_id: U8
    physical_device_address: OCTETS
    content: REST


@frozen(kw_only=True)
class GatewayResponse(Apdu):
    """
    From a device behind a gateway.

    @ivar network_id: As in the request.
    @ivar physical_device_address: As in the request.
    @ivar content: The APDU, ciphered or not.
    """

    TAG: ClassVar[int] = 0xE7
    NAME: ClassVar[str] = "gateway-response"

    network_id: U8
    physical_device_address: OCTETS
    content: REST
