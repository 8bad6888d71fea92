"""The Italian tax codes, checked without an oracle: form, check digit, and whether the office code is a known one.

The office code (digits 8 to 10 of an 11-digit code) is looked at apart from the check digit: the list of offices has
grown before, so an unknown one is a warning, while a wrong check digit is a typing error.
"""

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.it import codicefiscale

LOMBARDY = frozenset(["BG", "BS", "CO", "CR", "LC", "LO", "MB", "MI", "MN", "PV", "SO", "VA"])
"""The twelve provinces of Lombardy."""


def normalised(text: str) -> str:
    """The code without blanks and separators, in capitals, without the VAT prefix `IT` before eleven digits."""
    code = "".join(letter for letter in text.upper() if letter not in " .-/:")
    return code[2:] if len(code) == 13 and code.startswith("IT") and code[2:].isdigit() else code


def fault(code: str) -> str | None:
    """What is wrong with a normalised codice fiscale (company, or person with omocodia); None if nothing is."""
    if not code.isascii():
        return "it holds characters that are neither letters A to Z nor digits"
    if len(code) == 11:
        return company_fault(code)
    if len(code) != 16:
        return f"it has {len(code)} characters: 11 digits for a company, 16 characters for a person"
    try:
        codicefiscale.validate(code)
    except ValidationError:
        return "the 16 characters do not fit together (form, date of birth or check character): look for a typing error"
    return None


def company_fault(code: str) -> str | None:
    """What is wrong with eleven digits as partita IVA or codice fiscale of a company; None if nothing is."""
    if len(code) != 11 or not (code.isascii() and code.isdigit()) or code.startswith("0000000"):
        return "a company's code is 11 digits, and the first seven are not all zero"
    return None if luhn.is_valid(code) else "the check digit is wrong: look for a typing error"


def office_is_known(code: str) -> bool:
    """Whether the office code of an 11-digit code is one of those known to be issued; True for persons."""
    office = code[7:10]
    return len(code) != 11 or "001" <= office <= "100" or office in ("120", "121", "888", "999")
