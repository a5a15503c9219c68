"""What the invented company calls its case types, teams and channels, in the languages of its people."""

from collections.abc import Mapping
from datetime import datetime

from surveyapp import names
from surveyapp.db import Database
from surveyapp.names import Kind

_LANGUAGES = ("sv", "ro", "de", "en")

CALLED: Mapping[Kind, Mapping[str, tuple[str, str, str, str]]] = {
    Kind.CASE_TYPE: {
        "billing": ("Faktura", "Facturare", "Rechnung", "Billing"),
        "payment": ("Betalning", "Plată", "Zahlung", "Payment"),
        "moving": ("Flytt", "Mutare", "Umzug", "Moving house"),
        "meter": ("Mätare", "Contor", "Zähler", "Meter"),
        "outage": ("Strömavbrott", "Pană de curent", "Stromausfall", "Power cut"),
        "contract": ("Avtal", "Contract", "Vertrag", "Contract"),
        "charger": ("Laddbox", "Stație de încărcare", "Wallbox", "Charger"),
        "complaint": ("Klagomål", "Reclamație", "Beschwerde", "Complaint"),
    },
    Kind.TEAM: {
        "north": ("Nord", "Nord", "Nord", "North"),
        "central": ("Mitt", "Centru", "Mitte", "Central"),
        "southeast": ("Sydost", "Sud-Est", "Südost", "Southeast"),
        "chargers": ("Laddboxar", "Stații de încărcare", "Wallboxen", "Chargers"),
    },
    Kind.CHANNEL: {
        "email": ("E-post", "E-mail", "E-Mail", "Email"),
        "phone": ("Telefon", "Telefon", "Telefon", "Phone"),
        "form": ("Formulär", "Formular", "Formular", "Form"),
        "chat": ("Chatt", "Chat", "Chat", "Chat"),
    },
}


def name_all(database: Database, now: datetime) -> None:
    """Give each its names, unless somebody has named anything already."""
    with database.transaction() as session:
        if any(row.labels for row in names.all_names(session, Kind.CASE_TYPE, now.date())):
            return
        for kind, values in CALLED.items():
            for value, words in values.items():
                labels = dict(zip(_LANGUAGES, words, strict=True))
                names.save_name(session, kind, value, labels, [], None, now)
