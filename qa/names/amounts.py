"""Amounts of money, percentages, and numbers with a unit of measurement: told by rules, as every exact thing here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from onrecord.index.text.quantities import Quantity, quantities

# As it is written -> as it is called.
_UNITS = {
    "km": "kilometre|kilometer|km",
    "m": "metre|meter",
    "cm": "centimetre|centimeter|cm",
    "mm": "millimetre|millimeter|mm",
    "miles": "mile|mi",
    "feet": "foot|feet|ft",
    "inches": "inch|inche",
    "yards": "yard|yd",
    "acres": "acre",
    "hectares": "hectare|ha",
    "square feet": "square foot|square feet|sq ft",
    "square miles": "square mile",
    "square km": "square kilometre|square kilometer|sq km",
    "kg": "kilogram|kilogramme|kilo|kg",
    "grams": "gram|gramme",
    "mg": "milligram|mg",
    "tonnes": "tonne|metric ton",
    "tons": "ton",
    "ounces": "ounce|oz",
    "lb": "lb",
    "litres": "litre|liter",
    "gallons": "gallon",
    "barrels": "barrel",
    "mph": "mph|mile per hour|miles per hour|mile an hour|miles an hour",
    "km/h": "km/h|kph|kilometre per hour|kilometer per hour|kilometres per hour|kilometers per hour",
    "°C": "°C|degree Celsius|degrees Celsius|degree centigrade|degrees centigrade",
    "°F": "°F|degree Fahrenheit|degrees Fahrenheit",
    "degrees": "degree|°",
    "watts": "watt",
    "kW": "kilowatt|kW",
    "MW": "megawatt|MW",
    "GW": "gigawatt|GW",
    "MWh": "megawatt-hour|megawatt hour|MWh",
    "kWh": "kilowatt-hour|kilowatt hour|kWh",
    "volts": "volt",
    "calories": "calorie",
    "megabytes": "megabyte|MB",
    "gigabytes": "gigabyte|GB",
    "terabytes": "terabyte|TB",
}
_CALLED = {form.lower(): unit for unit, forms in _UNITS.items() for form in forms.split("|")}
_UNIT = re.compile(
    rf"[\s-]?({'|'.join(sorted(map(re.escape, _CALLED), key=len, reverse=True))})s?(?![\w°])\.?", re.IGNORECASE
)
_ABBREVIATED = frozenset(("oz", "ft", "lb", "yd", "mi"))  # those that a full stop belongs to
_CURRENCIES = {
    "$": "$", "us$": "$", "dollars": "$", "dollar": "$", "€": "€", "euros": "€", "euro": "€", "£": "£",
    "¥": "¥", "yen": "¥", "₹": "₹", "yuan": "yuan", "roubles": "roubles", "rouble": "roubles", "rubles": "roubles",
    "ruble": "roubles", "pounds": "pounds", "pound": "pounds",
}  # fmt: skip
_SIGN = re.compile(r"^(?:(us|a|c|hk|nz)?([$€£¥₹]))|\b([a-z]+)$", re.IGNORECASE)
_RANGE = re.compile(r"\s?(?:to|or|-|–)\s?$")
_LAST_ROUND = 1e15
_SCALES = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


@dataclass(frozen=True, slots=True)
class Amount:
    """``name``: the same for the same amount, however it is written; ``start``, ``end``: where it stands."""

    name: str
    start: int
    end: int


def amounts(text: str) -> Iterator[Amount]:
    """In the order of the text; numbers without a unit, ages, dates and times are none.

    >>> [one.name for one in amounts("It cost 5 million dollars, 12 percent more, for 3 to 4 km and 80-mph winds.")]
    ['$5 million', '12%', '3 to 4 km', '80 mph']
    """
    found = [one for one in quantities(text) if one.kind in ("", "money", "percent")]
    before: Quantity | None = None  # the number before, where it may be the lower end of a range
    end = 0
    for number in found:
        if number.start < end:
            continue
        if named := _named(text, number):
            unit, stop = named
            low = before if before and _RANGE.fullmatch(text, before.end, number.start) else None
            shown = f"{_number(low)} to {_number(number)}" if low else _number(number)
            yield Amount(_with(shown, unit), low.start if low else number.start, stop)
            end, before = stop, None
        else:
            before = number


def _named(text: str, number: Quantity) -> tuple[str, int] | None:
    """The unit, and where the amount ends with it."""
    if number.kind == "percent":
        return "%", number.end
    if number.kind == "money":
        sign = _SIGN.search(text[number.start : number.end])
        if sign is None:
            return None
        country = (sign[1] or "").upper().replace("US", "")
        return country + _CURRENCIES.get((sign[2] or sign[3]).lower(), sign[2] or sign[3]), number.end
    unit = _UNIT.match(text, number.end)
    if unit is None or (unit[1] in ("mi", "m", "ha") and text[number.end : unit.start(1)] not in ("", " ")):
        return None
    stop = unit.end()
    if text[stop - 1] == "." and unit[1].lower() not in _ABBREVIATED:
        stop -= 1
    return _CALLED[unit[1].lower()], stop


def _number(number: Quantity) -> str:
    """Digits, with the word that newspapers use: 2.4 million.

    >>> _number(Quantity(2_400_000.0, "", "", 0, 0)), _number(Quantity(1_500.0, "", "", 0, 0))
    ('2.4 million', '1,500')
    """
    for scale, word in _SCALES:
        if scale <= number.value < _LAST_ROUND:
            return f"{number.value / scale:.10g} {word}"
    return f"{number.value:,.10g}"


def _with(number: str, unit: str) -> str:
    if unit == "%":
        return f"{number}%"
    return f"{unit}{number}" if unit[-1] in "$€£¥₹" else f"{number} {unit}"
