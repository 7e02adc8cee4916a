"""What the listener announces: protocol versions and capabilities."""

from dataclasses import dataclass, replace

MAX_STRING_BYTES = 32767

END_OF_RESPONSE = 0x02000000
FAST_AUTH = 0x10000000

FIELD_VERSION_12_2 = 8
FIELD_VERSION_12_2_EXT = 9
FIELD_VERSION_19 = 12
FIELD_VERSION_20 = 14
FIELD_VERSION_23 = 17
FIELD_VERSION_23_EXT_1 = 18
FIELD_VERSION_23_EXT_3 = 20
FIELD_VERSION_23_4 = 24


@dataclass(frozen=True)
class Profile:
    """A server generation.

    Args:
        tns_version: The version in ACCEPT; 315 is the lowest that python-oracledb takes [M].
        field_version: TTC field version (compile capability 7); the lower of both sides is used.
        flags: Second flags in ACCEPT, only for clients that speak 319: 0x02000000 end of response, 0x10000000 fast
            authentication.
        options: Service options in ACCEPT; without 0x0400 a break comes as a marker, not as TCP urgent data [M].
    """

    tns_version: int = 315
    field_version: int = FIELD_VERSION_19
    options: int = 0x0001
    flags: int = 0

    def for_client(self, version: int) -> "Profile":
        """Return the profile that is spoken with a client of TNS *version*."""
        if version >= self.tns_version:
            return self
        return replace(self, tns_version=ORACLE_19C.tns_version, flags=0)

    @property
    def marks_end_of_response(self) -> bool:
        return bool(self.flags & END_OF_RESPONSE)

    @property
    def compile_capabilities(self) -> bytes:
        caps = bytearray(55)
        caps[0], caps[4], caps[15], caps[37] = 6, 0xEF, 0x29, 0xB0
        caps[7] = self.field_version
        return bytes(caps)

    @property
    def runtime_capabilities(self) -> bytes:
        caps = bytearray(11)
        caps[0] = 2
        caps[6] = 0x04  # MAX_STRING_SIZE=EXTENDED: values up to 32767 bytes are ordinary
        return bytes(caps)


ORACLE_19C = Profile()
ORACLE_23AI = Profile(tns_version=319, field_version=FIELD_VERSION_23_4, flags=END_OF_RESPONSE | FAST_AUTH)
