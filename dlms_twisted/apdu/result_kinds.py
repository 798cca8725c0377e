"""
Kinds of fields that hold how a service ended.

Source: IEC 62056-5-3, Get-Data-Result, DataBlock-G, Data-Access-Result, Action-Result.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeAlias, TypeVar

from dlms_twisted.apdu.kinds import JSON, DataElement, Kind, Many, Octets, Optional
from dlms_twisted.apdu.results import ActionResult, DataAccessResult, ResultCode
from dlms_twisted.codec.data import Data
from dlms_twisted.codec.reader import Reader
from dlms_twisted.codec.writer import Writer
from dlms_twisted.errors import DecodeError, EncodeError

__all__ = [
    "ACTION_RESULT",
    "BLOCK_RESULT",
    "DATA_ACCESS_RESULT",
    "DATA_ACCESS_RESULTS",
    "GET_RESULT",
    "GET_RESULTS",
    "RETURN_PARAMETERS",
    "Code",
    "GetResult",
]

C = TypeVar("C", bound=ResultCode)


class Code(Kind[C], Generic[C]):
    """
    A result code, one octet; see L{ResultCode} for those without a name.
    """

    __slots__ = ("_code", "_labels", "_members")

    def __init__(self, code: type[C]) -> None:
        self._code = code
        self._members = tuple(code(value) for value in range(256))
        self._labels = tuple(member.label for member in self._members)

    def read(self, reader: Reader, name: str) -> C:
        value = reader.octet(name)
        reader.explain(self._labels[value])
        return self._members[value]

    def write(self, writer: Writer, value: C) -> None:
        writer.unsigned(value, 1)

    def dump(self, value: C) -> JSON:
        return value.to_json()

    def load(self, form: JSON, place: str) -> C:
        try:
            return self._code.from_json(form)
        except EncodeError as error:
            raise EncodeError(f"{place}: {error}") from None


#: What came instead of, or as, the value of one attribute.
GetResult: TypeAlias = Data | DataAccessResult

_CODE = Code(DataAccessResult)
_DATA = DataElement()
_OCTETS = Octets()


class _DataOrCode(Kind[GetResult]):
    """
    Get-Data-Result: C{00} and Data, or C{01} and a data-access-result.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> GetResult:
        offset = reader.offset
        choice = reader.octet(name)
        if choice == 0:
            reader.explain("data")
            return reader.data("data")
        if choice == 1:
            reader.explain("data-access-result")
            return _CODE.read(reader, "data_access_result")
        raise DecodeError("a choice of data or data-access-result wanted", offset)

    def write(self, writer: Writer, value: GetResult) -> None:
        if isinstance(value, DataAccessResult):
            writer.octet(1)
            _CODE.write(writer, value)
        else:
            writer.octet(0)
            writer.data(value)

    def dump(self, value: GetResult) -> JSON:
        if isinstance(value, DataAccessResult):
            return {"data_access_result": value.to_json()}
        return {"data": value.tree()}

    def load(self, form: JSON, place: str) -> GetResult:
        if isinstance(form, dict) and form.keys() == {"data"}:
            return _DATA.load(form["data"], f"{place}.data")
        if isinstance(form, dict) and form.keys() == {"data_access_result"}:
            return _CODE.load(form["data_access_result"], f"{place}.data_access_result")
        raise EncodeError(f"{place}: an object with data or data_access_result wanted")


class _BlockOrCode(Kind["bytes | DataAccessResult"]):
    """
    The result of DataBlock-G: C{00} and octets, or C{01} and a data-access-result.
    """

    __slots__ = ()

    def read(self, reader: Reader, name: str) -> bytes | DataAccessResult:
        offset = reader.offset
        choice = reader.octet(name)
        if choice == 0:
            reader.explain("raw-data")
            return reader.octets("raw_data")
        if choice == 1:
            reader.explain("data-access-result")
            return _CODE.read(reader, "data_access_result")
        raise DecodeError("a choice of raw-data or data-access-result wanted", offset)

    def write(self, writer: Writer, value: bytes | DataAccessResult) -> None:
        if isinstance(value, DataAccessResult):
            writer.octet(1)
            _CODE.write(writer, value)
        else:
            writer.octet(0)
            writer.octets(value)

    def dump(self, value: bytes | DataAccessResult) -> JSON:
        if isinstance(value, DataAccessResult):
            return {"data_access_result": value.to_json()}
        return {"raw_data": value.hex()}

    def load(self, form: JSON, place: str) -> bytes | DataAccessResult:
        if isinstance(form, dict) and form.keys() == {"raw_data"}:
            return _OCTETS.load(form["raw_data"], f"{place}.raw_data")
        if isinstance(form, dict) and form.keys() == {"data_access_result"}:
            return _CODE.load(form["data_access_result"], f"{place}.data_access_result")
        raise EncodeError(f"{place}: an object with raw_data or data_access_result wanted")


DATA_ACCESS_RESULT: TypeAlias = Annotated[DataAccessResult, _CODE]
GET_RESULT: TypeAlias = Annotated[GetResult, _DataOrCode()]
GET_RESULTS: TypeAlias = Annotated[tuple[GetResult, ...], Many(_DataOrCode(), smallest=2)]
BLOCK_RESULT: TypeAlias = Annotated[bytes | DataAccessResult, _BlockOrCode()]
DATA_ACCESS_RESULTS: TypeAlias = Annotated[tuple[DataAccessResult, ...], Many(_CODE)]
ACTION_RESULT: TypeAlias = Annotated[ActionResult, Code(ActionResult)]
RETURN_PARAMETERS: TypeAlias = Annotated[GetResult | None, Optional(_DataOrCode())]
