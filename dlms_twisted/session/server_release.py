"""
Releasing, on the server's side: an RLRQ is judged and an RLRE made.

Source: IEC 62056-5-3, RLRQ and RLRE; 02, section 8.
"""

from __future__ import annotations

from typing import NamedTuple

from attrs import evolve

from dlms_twisted.apdu.release import RLRE, RLRQ, ReleaseResponseReason
from dlms_twisted.apdu.user_information import UserInformation
from dlms_twisted.errors import Reason, SecurityError
from dlms_twisted.security.policy import Policy
from dlms_twisted.session.served import ServedDevice
from dlms_twisted.session.server_negotiation import Established, initiate_response

__all__ = ["Release", "release"]


class Release(NamedTuple):
    """
    @ivar response: The RLRE.
    @ivar is_over: Is the association released?
    """

    response: bytes
    is_over: bool


def release(device: ServedDevice, established: Established, octets: bytes) -> Release:
    """
    Judge an RLRQ.  One that is protected less than demanded releases nothing.

    @raise DecodeError: it is malformed.
    """
    request = RLRQ.decode(octets)
    served, security = established.served, established.security
    not_finished = Release(RLRE(reason=ReleaseResponseReason.NOT_FINISHED).encode(), False)
    if served.pre_established:
        return not_finished
    policy = evolve(served.policy, signed=False)
    information = request.user_information
    try:
        if information is None:
            if policy != Policy.NONE:
                raise SecurityError(Reason.DOWNGRADE, f"{policy} demanded")
            return Release(RLRE(reason=ReleaseResponseReason.NORMAL).encode(), True)
        opened = security.open(information.encode(), policy)
    except SecurityError as error:
        device.refused(served, error.reason.value)
        return not_finished
    demands = served.answers if security.ciphered else Policy.NONE
    sealed = security.seal(initiate_response(established).encode(), opened.layers, demands)
    response = RLRE(
        reason=ReleaseResponseReason.NORMAL, user_information=UserInformation.decode_apdu(sealed)
    )
    return Release(response.encode(), True)
