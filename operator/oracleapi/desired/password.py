"""Passwords that every verify function of Oracle's takes and no quoting changes. Pure but for what it draws.

Source: Database Security Guide 19c, "Managing the Complexity of Passwords": the strongest supplied function
(ORA12C_STIG_VERIFY_FUNCTION) wants 15 characters with upper and lower case, digits and others.
"""

import secrets
import string

OTHERS = "_-."
"""Letters, digits and these are left alone by URLs, shells, YAML, JSON, XML, properties files and connect strings."""
PLAIN = "_"
CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
LEAST_OF_EACH = 2


def make_password(length: int, refused: int = 0) -> str:
    """Return a random password of *length* characters that begins with a letter.

    It has at least two of each class; what is left is drawn from all of them: 30 characters hold about 170 bits.

    Args:
        refused: How many were refused before: functions of people's own often take what needs no quotes in SQL, so that
            the next ones have ``_`` alone beside letters and digits.
    """
    classes = (*CLASSES, PLAIN if refused else OTHERS)
    drawn = [secrets.choice(each) for each in classes for _ in range(LEAST_OF_EACH)]
    drawn += [secrets.choice("".join(classes)) for _ in range(length - len(drawn) - 1)]
    secrets.SystemRandom().shuffle(drawn)
    return secrets.choice(string.ascii_letters) + "".join(drawn)
