"""The customers of the invented company."""

from dataclasses import dataclass
from random import Random

from surveyapp.demo.company import GATEWAY_DOMAIN, PLANS, REGIONS

FIRST_NAMES = {
    "sv": "Maria Lars Karin Anders Eva Per Ingrid Nils Elsa "
    "Oskar Astrid Gustav Maja Fredrik Amira Viktor Linnea Ali",
    "ro": "Maria Andrei Elena Ion Cristina Radu Ana Vlad Mihaela Ștefan Doina Sorin Raluca Bogdan Ileana Dan",
    "de": "Sabine Thomas Petra Michael Claudia Stefan Birgit Markus "
    "Heike Emre Katrin Uwe Anja Jürgen Leonie Paul",
    "en": "Emma James Olivia Daniel Grace Michael Chloe Samuel Hannah Patrick Aisha Thomas Ruth Kevin",
}
LAST_NAMES = {
    "sv": "Berg Holm Nilsson Åkesson Lund Öberg Sjögren Wallin "
    "Forsberg Dahl Ström Hedlund Nygren Ahmadi Björk",
    "ro": "Popescu Ionescu Stan Dumitru Marin Țurcanu Lungu Moldovan Șerban Pavel Toma Cojocaru Vasile Negru",
    "de": "Müller Schneider Fischer Becker Wagner Krüger Hartmann "
    "Lange Yıldız Vogel Schäfer Brandt Kühn Roth",
    "en": "Walker Murphy Patel Taylor Evans Okafor Clarke Hughes Campbell Doyle Shah Brennan Wood",
}
PROVIDERS = {
    "sv": ("mejl.example", "brevladan.example", "hemma.example"),
    "ro": ("posta.example", "cutie.example", "acasa.example"),
    "de": ("postfach.example", "briefkasten.example", "netz.example"),
    "en": ("mail.example", "inbox.example", "letters.example"),
}
HOW_MANY = {"sv": 1500, "ro": 1000, "de": 1200, "en": 500}

# Of several draws of what customers have, one in which no more than was meant to change changed for sure.
DRAW = "homesb"

AT_THE_GATEWAY = 0.08
BOUNCING = 0.008


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who contacts support, perhaps more than once."""

    ref: str
    name: str
    address: str
    domain: str
    locale: str
    network: str
    is_bouncing: bool
    plan: str
    region: str


def customers(seed: str) -> dict[str, list[Customer]]:
    """Language -> its customers; the same seed makes the same people."""
    return {
        locale: _customers(_random(seed, locale), _random(seed, locale, DRAW), locale, first)
        for first, locale in zip(range(10_000, 50_000, 10_000), HOW_MANY, strict=True)
    }


def _customers(rng: Random, homes: Random, locale: str, first: int) -> list[Customer]:
    """`homes` deals out what customers have, `rng` who they are."""
    given, families = FIRST_NAMES[locale].split(), LAST_NAMES[locale].split()
    plans = homes.choices(list(PLANS), [plan.share for plan in PLANS.values()], k=HOW_MANY[locale])
    made: list[Customer] = []
    for number in range(HOW_MANY[locale]):
        name = f"{rng.choice(given)} {rng.choice(families)}"
        is_at_gateway = locale == "sv" and rng.random() < AT_THE_GATEWAY
        domain = GATEWAY_DOMAIN if is_at_gateway else rng.choice(PROVIDERS[locale])
        made.append(
            Customer(
                ref=f"C-{first + number}",
                name=name,
                address=f"{_mailbox(name)}{number}@{domain}",
                domain=domain,
                locale=locale,
                network=f"{rng.getrandbits(64):016x}",
                is_bouncing=rng.random() < BOUNCING,
                plan=plans[number],
                region=homes.choice(REGIONS[locale]),
            )
        )
    return made


def _random(*seed: str) -> Random:
    return Random(" ".join(seed))  # noqa: S311 - a demo needs no secrecy


def _mailbox(name: str) -> str:
    return name.lower().translate(_PLAIN).replace(" ", ".")


_PLAIN = str.maketrans(
    {
        **dict(zip("åäöüșțăâîı", "aaoustaaii", strict=True)),
        "ß": "ss",
    }
)
