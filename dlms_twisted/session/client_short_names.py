"""
The client's side of block transfer for services with short names: Read and Write.

Short names have no invoke-id: one request at a time, and each answer is for it.
"""

from __future__ import annotations

from typing import ClassVar

from dlms_twisted.apdu.base import Apdu
from dlms_twisted.apdu.short_name import ReadRequest, ReadResponse, WriteRequest, WriteResponse
from dlms_twisted.apdu.variable_access import (
    BlockNumberAccess,
    ReadBlockNumber,
    ReadDataBlockAccess,
    ReadDataBlockResult,
    ReadError,
    WriteBlockNumber,
    WriteDataBlockAccess,
    WriteError,
)
from dlms_twisted.codec.build import octet_string
from dlms_twisted.session.client_blocks import ClientBlocks, Step

__all__ = ["ReadBlocks", "WriteBlocks"]


class ReadBlocks(ClientBlocks):
    """
    L{ReadRequest}, answered by a L{ReadResponse}.
    """

    HIGHEST: ClassVar[int] = 0xFFFF

    request: ReadRequest

    def _raw(self) -> bytes:
        return self.request.encode()[1:]

    def _block(self, last: bool, number: int, raw: bytes) -> Apdu:
        block = ReadDataBlockAccess(last_block=last, block_number=number, raw_data=raw)
        return ReadRequest(variables=(block,))

    def _receive(self, response: Apdu) -> Step | None:
        if not isinstance(response, ReadResponse):
            return None
        match response.results:
            case (ReadDataBlockResult(last_block=last, block_number=number, raw_data=raw),):
                return self._joined(last, number, raw)
            case (ReadBlockNumber(block_number=number),):
                return self._acknowledged(number)
            case (ReadError() as error,):
                results = (error,) * len(self.request.variables)
                return self._plain(ReadResponse(results=results), failed=True)
        self._count(len(self.request.variables), len(response.results))
        return self._plain(response, failed=False)

    def _next(self, number: int) -> Apdu:
        return ReadRequest(variables=(BlockNumberAccess(block_number=number),))

    def _whole(self, raw: bytes) -> Apdu:
        response = ReadResponse.decode(bytes((ReadResponse.TAG,)) + raw)
        self._count(len(self.request.variables), len(response.results))
        return response


class WriteBlocks(ClientBlocks):
    """
    L{WriteRequest}, answered by a L{WriteResponse}.
    """

    HIGHEST: ClassVar[int] = 0xFFFF

    request: WriteRequest

    def _raw(self) -> bytes:
        return self.request.encode()[1:]

    def _block(self, last: bool, number: int, raw: bytes) -> Apdu:
        return WriteRequest(
            variables=(WriteDataBlockAccess(last_block=last, block_number=number),),
            data=(octet_string(raw),),
        )

    def _receive(self, response: Apdu) -> Step | None:
        if not isinstance(response, WriteResponse):
            return None
        match response.results:
            case (WriteBlockNumber(block_number=number),):
                return self._acknowledged(number)
            case (WriteError() as error,):
                results = (error,) * len(self.request.variables)
                return self._plain(WriteResponse(results=results), failed=True)
        self._count(len(self.request.variables), len(response.results))
        return self._plain(response, failed=False)
