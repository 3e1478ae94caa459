"""The struct that passes the arrays of a batch to the C++."""

from __future__ import annotations

import ctypes


class NetworkStruct(ctypes.Structure):
    """`NetworkData` of core/run/network.hpp."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in (
            "arrays", "stride", "numbers", "integers", "keys", "bounds", "sizes", "rows", "formats",
            "first_sender", "slots", "longest", "zero_delay",
        )),
        ("first_tick", ctypes.c_int64), ("longest_delay", ctypes.c_int64),
        ("blocks", ctypes.c_int32), ("threads", ctypes.c_int32), ("populations", ctypes.c_int32),
        ("trials", ctypes.c_int32), ("uses_pool", ctypes.c_int32), ("dt", ctypes.c_double),
    )  # fmt: skip
