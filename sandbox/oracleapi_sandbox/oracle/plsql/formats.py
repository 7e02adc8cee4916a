"""Format models of dates: TO_CHAR, TO_DATE and TO_TIMESTAMP, American English.

Source: SQL Language Reference, "Format Models" [D]. An element that is not known here is refused with Oracle's own
error for a bad model, never passed over.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache

DATE_MODEL = "DD-MON-RR"
TIMESTAMP_MODEL = "DD-MON-RR HH.MI.SSXFF AM"
TIMESTAMP_TZ_MODEL = "DD-MON-RR HH.MI.SSXFF AM TZR"

MONTHS = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
]
DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


class FormatError(ValueError):
    """A model or a text that does not fit: ``code`` and ``message`` are Oracle's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"ORA-{code:05d}: {message}")
        self.code = code
        self.message = message


_DATE_ELEMENT = re.compile(
    r"""(?P<fm>FM|FX)|(?P<literal>"[^"]*")|(?P<punctuation>[^A-Za-z0-9"]+)
    |(?P<element>SYYYY|YYYY|IYYY|RRRR|YYY|YY|RR|Y|IW|WW|W|Q|CC|MONTH|MON|MM|MI|DDD|DD|DAY|DY|D|J|HH24|HH12|HH
    |SSSSS|SS|FF[1-9]?|X|AM|PM|A\.M\.|P\.M\.|TZH|TZM|TZR|TZD|TS|DS)(?P<suffix>TH)?""",
    re.VERBOSE | re.IGNORECASE,
)


@lru_cache(maxsize=512)
def _elements(model: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    offset = 0
    while offset < len(model):
        match = _DATE_ELEMENT.match(model, offset)
        if match is None or match["suffix"]:
            raise FormatError(1821, "date format not recognized")
        kind = match.lastgroup or ""
        found.append((kind, match.group()))
        offset = match.end()
    return tuple(found)


# --- dates to text ---------------------------------------------------------------------------------------------------

_FORMATTERS: dict[str, Callable[[datetime], str]] = {
    "YYYY": lambda d: f"{d.year:04d}",
    "SYYYY": lambda d: f" {d.year:04d}",
    "RRRR": lambda d: f"{d.year:04d}",
    "IYYY": lambda d: f"{d.isocalendar().year:04d}",
    "YYY": lambda d: f"{d.year % 1000:03d}",
    "YY": lambda d: f"{d.year % 100:02d}",
    "RR": lambda d: f"{d.year % 100:02d}",
    "Y": lambda d: str(d.year % 10),
    "IW": lambda d: f"{d.isocalendar().week:02d}",
    "WW": lambda d: f"{(d.timetuple().tm_yday + 6) // 7:02d}",
    "W": lambda d: str((d.day + 6) // 7),
    "Q": lambda d: str((d.month + 2) // 3),
    "CC": lambda d: f"{(d.year + 99) // 100:02d}",
    "MONTH": lambda d: MONTHS[d.month - 1].ljust(9),
    "MON": lambda d: MONTHS[d.month - 1][:3],
    "MM": lambda d: f"{d.month:02d}",
    "MI": lambda d: f"{d.minute:02d}",
    "DDD": lambda d: f"{d.timetuple().tm_yday:03d}",
    "DD": lambda d: f"{d.day:02d}",
    "DAY": lambda d: DAYS[d.weekday()].ljust(9),
    "DY": lambda d: DAYS[d.weekday()][:3],
    "D": lambda d: str(d.isoweekday() % 7 + 1),
    "J": lambda d: str(d.toordinal() + 1721425),
    "HH24": lambda d: f"{d.hour:02d}",
    "HH12": lambda d: f"{(d.hour + 11) % 12 + 1:02d}",
    "HH": lambda d: f"{(d.hour + 11) % 12 + 1:02d}",
    "SSSSS": lambda d: f"{d.hour * 3600 + d.minute * 60 + d.second:05d}",
    "SS": lambda d: f"{d.second:02d}",
    "X": lambda d: ".",
    "AM": lambda d: "AM" if d.hour < 12 else "PM",
    "PM": lambda d: "AM" if d.hour < 12 else "PM",
    "A.M.": lambda d: "A.M." if d.hour < 12 else "P.M.",
    "P.M.": lambda d: "A.M." if d.hour < 12 else "P.M.",
    "TZH": lambda d: _zone(d)[:3],
    "TZM": lambda d: _zone(d)[4:],
    "TZR": lambda d: _zone(d),
}


def _zone(value: datetime) -> str:
    offset = value.utcoffset() or timedelta()
    minutes = int(abs(offset).total_seconds()) // 60
    return f"{'-' if offset < timedelta() else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def format_date(value: datetime, model: str) -> str:
    """TO_CHAR of a date or timestamp.

    Raises:
        FormatError: 1821 for an element that is not a date element.
    """
    out: list[str] = []
    fill = True
    for kind, text in _elements(model):
        if kind == "fm":
            fill = not fill if text.upper() == "FM" else fill
        elif kind == "element":
            out.append(_format_element(value, text, fill))
        else:
            out.append(text.strip('"') if kind == "literal" else text)
    return "".join(out)


def _format_element(value: datetime, element: str, fill: bool) -> str:
    name = element.upper()
    if name.startswith("FF"):
        return f"{value.microsecond:06d}000"[: int(name[2:] or 6)]
    formatter = _FORMATTERS.get(name)
    if formatter is None:
        raise FormatError(1821, "date format not recognized")
    text = formatter(value)
    if not fill:
        text = text.strip().lstrip("0") or "0" if text.strip().isdecimal() else text.strip()
    if not element[0].isupper():
        return text.lower()
    return text if element[1:2].isupper() or len(element) == 1 or not text.isalpha() else text.capitalize()


# --- text to dates ---------------------------------------------------------------------------------------------------

_WIDTHS = {
    **dict.fromkeys(("YYYY", "SYYYY", "RRRR"), 4),
    **dict.fromkeys(("YY", "RR", "MM", "DD", "HH24", "HH12", "HH", "MI", "SS"), 2),
    "YYY": 3,
    "Y": 1,
    "DDD": 3,
    "SSSSS": 5,
    "J": 7,
}


class _Reader:
    """Reads one text along a model and keeps what it found."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.offset = 0
        self.found: dict[str, int] = {}

    def skip_space(self) -> None:
        while self.offset < len(self.text) and self.text[self.offset].isspace():
            self.offset += 1

    def digits(self, width: int) -> str:
        match = re.compile(f"[0-9]{{1,{width}}}").match(self.text, self.offset)
        if match is None:
            raise FormatError(1858, "a non-numeric character was found where a numeric was expected")
        self.offset = match.end()
        return match.group()

    def punctuation(self, model: str) -> None:
        """Any punctuation stands for any other; spaces may be missing."""
        for _ in model.strip():
            if self.offset < len(self.text) and not self.text[self.offset].isalnum():
                self.offset += 1
            elif self.offset < len(self.text):
                raise FormatError(1861, "literal does not match format string")
        self.skip_space()

    def literal(self, text: str) -> None:
        if not self.text.startswith(text, self.offset):
            raise FormatError(1861, "literal does not match format string")
        self.offset += len(text)

    def name(self, names: list[str], code: int, message: str) -> int:
        rest = self.text[self.offset :].upper()
        for index, name in enumerate(names):
            for candidate in (name, name[:3]):
                if rest.startswith(candidate):
                    self.offset += len(candidate)
                    self.skip_space()
                    return index + 1
        raise FormatError(code, message)

    def element(self, name: str) -> None:
        if name in _WIDTHS:
            digits = self.digits(_WIDTHS[name])
            self.found[name] = int(digits)
            if name in ("YYYY", "RRRR", "RR") and len(digits) <= 2:
                self.found["YYYY" if len(digits) == 2 and name != "YYYY" else name] = _near_year(int(digits), name)
        elif name.startswith("FF"):
            self.found["FF"] = int(self.digits(9).ljust(9, "0")[:6])
        elif name in ("MON", "MONTH"):
            self.found["MM"] = self.name(MONTHS, 1843, "not a valid month")
        elif name in ("DAY", "DY"):
            self.name(DAYS, 1846, "not a valid day of the week")
        elif name in ("AM", "PM", "A.M.", "P.M."):
            self._meridian(len(name))
        elif name == "X":
            self.literal(".")
        else:
            self._zone_element(name)

    def _meridian(self, width: int) -> None:
        word = self.text[self.offset : self.offset + width].upper().replace(".", "")
        if word not in ("AM", "PM"):
            raise FormatError(1855, "AM/A.M. or PM/P.M. required")
        self.found["PM"] = int(word == "PM")
        self.offset += width

    def _zone_element(self, name: str) -> None:
        if name not in ("TZH", "TZM", "TZR"):
            raise FormatError(1820, "format code cannot appear in date input format")
        if name == "TZM":
            self.found["TZM"] = int(self.digits(2))
            return
        if name == "TZR" and self.text[self.offset : self.offset + 3].upper() == "UTC":
            self.offset += 3
            self.found["TZH"] = 0
            return
        match = re.compile(r"([+-])?(\d{1,2})").match(self.text, self.offset)
        if match is None:
            raise FormatError(1858, "a non-numeric character was found where a numeric was expected")
        self.offset = match.end()
        self.found["TZSIGN"] = -1 if match[1] == "-" else 1
        self.found["TZH"] = int(match[2])
        if name == "TZR" and self.text[self.offset : self.offset + 1] == ":":
            self.offset += 1
            self.found["TZM"] = int(self.digits(2))


def _near_year(digits: int, element: str) -> int:
    """RR: 0-49 is 20xx, 50-99 is 19xx (for a current year in 2000-2049); YYYY with two digits is the year itself."""
    if element == "YYYY":
        return digits
    return digits + (2000 if digits < 50 else 1900)


def parse_date(text: str, model: str) -> datetime:
    """TO_DATE and TO_TIMESTAMP; aware when the model has time-zone elements.

    Raises:
        FormatError: Oracle's codes 1821, 1830, 1840 to 1861.
    """
    reader = _Reader(text.strip())
    for kind, part in _elements(model):
        if kind == "fm":
            continue
        if kind == "punctuation":
            reader.punctuation(part)
        elif reader.offset >= len(reader.text):
            if part.upper() in ("YYYY", "MM", "DD", "RR", "RRRR", "YY", "MON", "MONTH"):
                raise FormatError(1840, "input value not long enough for date format")
        elif kind == "literal":
            reader.literal(part[1:-1])
        else:
            reader.skip_space()
            reader.element(part.upper())
    if reader.text[reader.offset :].strip():
        raise FormatError(1830, "date format picture ends before converting entire input string")
    return _assemble(reader.found)


def _assemble(found: dict[str, int]) -> datetime:
    today = datetime.now()
    year = _year(found, today)
    if not 1 <= year <= 9999:
        raise FormatError(1841, "(full) year must be between -4713 and +9999, and not be 0")
    month = found.get("MM", today.month if "DDD" not in found else 1)
    if not 1 <= month <= 12:
        raise FormatError(1843, "not a valid month")
    hour = _hour(found)
    for name, limit, code, words in (
        ("MI", 59, 1851, "minutes must be between 0 and 59"),
        ("SS", 59, 1852, "seconds must be between 0 and 59"),
    ):
        if found.get(name, 0) > limit:
            raise FormatError(code, words)
    try:
        value = datetime(
            year, month, found.get("DD", 1), hour, found.get("MI", 0), found.get("SS", 0), found.get("FF", 0)
        )
        if "DDD" in found:
            value += timedelta(days=found["DDD"] - 1)
        if "SSSSS" in found:
            value += timedelta(seconds=found["SSSSS"])
    except (ValueError, OverflowError) as error:
        raise FormatError(*_day_fault(found)) from error
    if "J" in found:
        value = datetime.fromordinal(max(1, found["J"] - 1721425))
    if "TZH" in found:
        offset = timedelta(hours=found["TZH"], minutes=found.get("TZM", 0)) * found.get("TZSIGN", 1)
        if abs(offset) >= timedelta(hours=24):
            raise FormatError(1874, "time zone hour must be between -15 and 15")
        return value.replace(tzinfo=timezone(offset))
    return value


def _day_fault(found: dict[str, int]) -> tuple[int, str]:
    if 1 <= found.get("DD", 1) <= 31:
        return 1839, "date not valid for month specified"
    return 1847, "day of month must be between 1 and last day of month"


def _year(found: dict[str, int], today: datetime) -> int:
    for name, base in (("YYYY", 0), ("SYYYY", 0), ("RRRR", 0)):
        if name in found:
            return found[name] + base
    if "RR" in found:
        return _near_year(found["RR"], "RR")
    for name, span in (("YYY", 1000), ("YY", 100), ("Y", 10)):
        if name in found:
            return today.year - today.year % span + found[name]
    return today.year


def _hour(found: dict[str, int]) -> int:
    if "HH24" in found:
        if found["HH24"] > 23:
            raise FormatError(1850, "hour must be between 0 and 23")
        return found["HH24"]
    hour = found.get("HH12", found.get("HH"))
    if hour is None:
        return 0
    if not 1 <= hour <= 12:
        raise FormatError(1849, "hour must be between 1 and 12")
    return hour % 12 + 12 * found.get("PM", 0)
