"""Format models of numbers, and numbers without a model: TO_CHAR and TO_NUMBER.

Source: SQL Language Reference, "Number Format Models" [D].
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from oracleapi_sandbox.oracle.plsql.formats import FormatError

_NUMBER_MODEL = re.compile(r"(FM)?(S|\$|L)?([0-9GD,.$]*?)(S|MI|PR)?", re.IGNORECASE)


@lru_cache(maxsize=256)
def _number_model(model: str) -> tuple[bool, str, str, str]:
    match = _NUMBER_MODEL.fullmatch(model.strip())
    if match is None:
        raise FormatError(1481, "invalid number format model")
    digits = (match[3] or "").upper().replace("G", ",").replace("D", ".")
    prefix = (match[2] or "").upper().replace("L", "$")
    if "$" in digits:
        prefix, digits = "$", digits.replace("$", "")
    if digits.count(".") > 1 or set(digits) - set("09,.") or not digits.strip(",."):
        raise FormatError(1481, "invalid number format model")
    return bool(match[1]), prefix, digits, (match[4] or "").upper()


def format_number(value: Decimal, model: str) -> str:
    """TO_CHAR of a number; a value too large for the model gives ``#`` signs, as in Oracle.

    Raises:
        FormatError: 1481 for a model that is not understood.
    """
    if model.strip().upper() in ("TM", "TM9"):
        return number_text(value)
    compact, prefix, digits, suffix = _number_model(model)
    whole_model, _, fraction_model = digits.partition(".")
    rounded = abs(value).quantize(Decimal(1).scaleb(-len(fraction_model)), ROUND_HALF_UP)
    whole, _, fraction = f"{rounded:f}".partition(".")
    whole = "" if whole == "0" else whole
    body = _fill(whole, whole_model)
    if body is None:
        return "#" * (len(digits) + 1)
    if fraction_model:
        kept = fraction if not compact else _trim_fraction(fraction, fraction_model)
        body += f".{kept}"
    elif not body.strip():
        body = body[:-1] + "0"
    return _signed(body, value < 0, prefix, suffix, compact)


def _fill(whole: str, model: str) -> str | None:
    """Lay the digits into the places of the model from the right; ``None`` when they do not fit."""
    places = [place for place in model if place != ","]
    if len(whole) > len(places):
        return None
    first_zero = places.index("0") if "0" in places else len(places)
    padded = whole.rjust(len(places))
    filled = ["0" if digit == " " and index >= first_zero else digit for index, digit in enumerate(padded)]
    out: list[str] = []
    index = 0
    for place in model:
        if place == ",":
            out.append("," if out and out[-1] not in (" ", "") else " ")
        else:
            out.append(filled[index])
            index += 1
    return "".join(out)


def _trim_fraction(fraction: str, model: str) -> str:
    least = model.rindex("0") + 1 if "0" in model else 0
    return fraction[:least] + fraction[least:].rstrip("0")


def _signed(body: str, negative: bool, prefix: str, suffix: str, compact: bool) -> str:
    stripped = body.lstrip()
    width = len(body)
    lead = "$" if prefix == "$" else ""
    if prefix == "S":
        text = ("-" if negative else "+") + stripped
    elif suffix == "PR":
        text = f"<{lead}{stripped}>" if negative else f" {lead}{stripped} "
    elif suffix in ("MI", "S"):
        mark = "-" if negative else ("+" if suffix == "S" else " ")
        text = lead + stripped + mark
    else:
        text = ("-" if negative else "") + lead + stripped
    return text.strip() if compact else text.rjust(width + 1 + len(lead) + (suffix == "PR"))


def parse_number(text: str, model: str) -> Decimal:
    """TO_NUMBER with a model.

    Raises:
        FormatError: 1481 for a bad model, 1722 for a text that does not fit it.
    """
    _, _, digits, _ = _number_model(model)
    body = text.strip().replace("$", "")
    negative = body.startswith(("-", "<")) or body.endswith("-")
    body = body.strip("+-<> ")
    whole, point, fraction = body.partition(".")
    whole_model, _, fraction_model = digits.partition(".")
    plain = whole.replace(",", "")
    fits = len(plain) <= len(whole_model.replace(",", "")) and len(fraction) <= len(fraction_model)
    if not fits or not (plain + fraction).isdecimal() or ("," in whole and "," not in whole_model):
        raise FormatError(1722, "invalid number")
    number = Decimal(f"{plain or '0'}{point}{fraction or '0' if point else ''}")
    return -number if negative else number


def number_text(value: int | Decimal | float) -> str:
    """A number as Oracle shows it without a model: no zero before the point, E notation beyond 40 places."""
    if isinstance(value, float):
        return _float_text(value)
    exact = Decimal(value)
    if exact.is_zero():
        return "0"
    if not -40 < exact.adjusted() < 40:
        return f"{exact.normalize():E}".replace("E+", "E+" if abs(exact.adjusted()) > 9 else "E+0")
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def _float_text(value: float) -> str:
    if value != value:
        return "Nan"
    if value in (float("inf"), float("-inf")):
        return "Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value:.16E}".partition("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{exponent[0]}{int(exponent[1:]):03d}"
