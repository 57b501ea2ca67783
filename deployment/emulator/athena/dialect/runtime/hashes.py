"""Hashes that DuckDB lacks. XXH64: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md."""

from __future__ import annotations

import hashlib
import struct
import zlib

_MASK = 2**64 - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def xxhash64(data: bytes) -> bytes:
    """Return the XXH64 of bytes with seed 0, most significant byte first."""
    at, size = 0, len(data)
    if size >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        while at <= size - 32:
            lanes = [_round(lane, word) for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at), strict=True)]
            at += 32
        total = sum(_rotate(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            total = ((total ^ _round(0, lane)) * _P1 + _P4) & _MASK
    else:
        total = _P5
    return struct.pack(">Q", _finish((total + size) & _MASK, data, at))


def _finish(total: int, data: bytes, at: int) -> int:
    while at + 8 <= len(data):
        total ^= _round(0, struct.unpack_from("<Q", data, at)[0])
        total = (_rotate(total, 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= len(data):
        total ^= struct.unpack_from("<I", data, at)[0] * _P1 & _MASK
        total = (_rotate(total, 23) * _P2 + _P3) & _MASK
        at += 4
    for byte in data[at:]:
        total ^= byte * _P5 & _MASK
        total = _rotate(total, 11) * _P1 & _MASK
    for shift, prime in ((33, _P2), (29, _P3)):
        total = (total ^ (total >> shift)) * prime & _MASK
    return total ^ (total >> 32)


def _round(lane: int, word: int) -> int:
    return _rotate((lane + word * _P2) & _MASK, 31) * _P1 & _MASK


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def sha512(data: bytes) -> bytes:
    """Return the SHA-512 of bytes."""
    return hashlib.sha512(data).digest()


def crc32(data: bytes) -> int:
    """Return the CRC-32 of bytes."""
    return zlib.crc32(data)


def from_big_endian(data: bytes) -> int:
    """Return the integer in eight bytes."""
    if len(data) != 8:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: expected 8-byte input, but got instead: {len(data)}")
    return int(struct.unpack(">q", data)[0])


def to_big_endian(number: int) -> bytes:
    """Return the eight bytes of an integer."""
    return struct.pack(">q", number)


def from_base(text: str, radix: int) -> int:
    """Return the integer that text writes in a base."""
    try:
        return int(text, radix)
    except ValueError as error:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Not a valid base-{radix} number: {text}") from error
