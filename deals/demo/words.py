"""The invented names and sentences of the demo."""


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words("""
Abena Adriel Aiko Alma Amara Anders Anouk Arjun Astrid Bashir Beatriz Bram Calla Carmen Cillian Daria Dario Delia
Dimitri Edda Efua Eliot Elska Emeka Enzo Esra Fenna Fionn Freya Gael Gideon Hana Hugo Ilse Imran Ines Ioana Isak
Jamila Jasper Joana Kaito Kalina Karim Keira Lars Leila Lennox Linnea Livia Luca Maeve Malik Marek Marta Mateo Mika
Mina Nadia Nils Noor Oona Orla Oskar Paloma Pavel Petra Quentin Rafael Ravi Renata Rhea Romy Rosa Rune Sanna Selma
Silas Simone Soren Tamsin Tariq Thea Tobias Uma Valter Vera Viggo Wanda Xenia Yara Yusuf Zadie Zoltan
""")
LAST_NAMES = _words("""
Abara Achterberg Almeida Amundsen Barros Bellweather Bergqvist Blackwood Boateng Brandt Calloway Carrick Castellan
Cortes Danjuma Delacroix Dunmore Eklund Estrada Falk Farrow Fontaine Galloway Garrido Gupta Halvorsen Hartwell Hideki
Holm Ibarra Iyer Jansma Kaplan Karlsen Kovac Kwan Laurent Lindgren Lockhart Madaki Marsh Mercer Moreau Nakata Nilsen
Novak Nyberg Obi Ortega Osei Pell Petrov Quist Ramires Rask Reyes Rosendahl Sabine Salazar Sandoval Sato Silva
Sorensen Stavros Strand Tanaka Thorne Ueda Valdez Varga Vesper Vidal Wexler Whitlock Winther Yilmaz Zeller
""")

COMPANY_FIRST = _words("""
Alder Amberline Anchor Aster Basalt Beacon Birch Bluewater Boreal Brightmoor Cedar Cobalt Copperfield Coral Crestline
Delta Driftwood Eastgate Elm Ember Fairmont Falcon Fennel Fjord Foundry Garnet Glacier Granite Greyhaven Harbour Hazel
Heron Highland Indigo Iris Ivory Juniper Kestrel Lantern Larch Lowland Maple Marigold Meridian Mistral Northgate
Oakfield Obsidian Onyx Opal Orchard Osprey Pinecrest Quarry Ridgeway Rowan Saffron
""")
COMPANY_LAST = {
    "Logistics": ["Freight", "Shipping", "Parcel", "Cold Chain"],
    "Manufacturing": ["Castings", "Motion", "Instruments", "Polymers"],
    "Healthcare": ["Clinics", "Diagnostics", "Care", "Therapeutics"],
    "Retail": ["Outfitters", "Markets", "Home", "Grocers"],
    "Financial services": ["Capital", "Payments", "Savings", "Leasing"],
    "Insurance": ["Mutual", "Assurance"],
    "Software": ["Systems", "Cloud", "Labs"],
    "Telecommunications": ["Networks", "Mobile"],
}
COUNTRIES = {
    "North America": ["United States", "United States", "United States", "Canada"],
    "Europe": ["Germany", "Netherlands", "Sweden", "France", "Spain", "Denmark"],
}
TECHNOLOGIES = ["AWS", "Azure", "Google Cloud", "Kubernetes", "Snowflake", "Databricks", "PostgreSQL", "Kafka", "SAP"]

TITLES = [
    "Chief Information Officer", "Chief Technology Officer", "VP of Engineering", "Head of Data Platform",
    "VP Operations", "Director of IT", "Director of Analytics", "Head of Information Security", "IT Manager",
    "Data Engineering Manager", "Product Manager", "Operations Manager", "Enterprise Architect", "Data Engineer",
    "Systems Administrator", "Business Analyst", "Marketing Coordinator", "Purchasing Specialist",
]  # fmt: skip
JUNIOR_TITLES = ["Business Analyst", "Marketing Coordinator", "Purchasing Specialist", "Working student", "Analyst", ""]
BUYERS = ["Chief Financial Officer", "Chief Operating Officer", "Chief Information Officer", "Managing Director"]
CAMPAIGNS = {
    "webinar": "Webinar: one customer, five systems", "content": "Guide to integration without nightly jobs",
    "event": "Autumn operations summit", "demo_signup": "Book a demo", "free_trial": "Fourteen-day trial",
    "outbound": "Plant and warehouse outreach",
}  # fmt: skip

# project, need, pain in figures, skills
PROJECTS = [
    ("Live order flow", "Orders reach the warehouse up to nine hours late; two people key in the urgent ones by hand.",
     "Kafka, PostgreSQL"),
    ("One customer record", "Four systems hold four addresses of the same customer; one return in six goes astray.",
     "Snowflake, PostgreSQL"),
    ("Plant data hub", "Sensor readings are copied from USB sticks on Fridays, so scrap is noticed a week late.",
     "Kafka, Azure"),
    ("Claims intake", "Claims wait three days for documents that sit in another system; the regulator has asked why.",
     "Security, Azure"),
    ("Partner onboarding", "Each new partner takes eleven weeks to connect, and six are waiting.", "AWS, Security"),
    ("Nightly batch retirement", "The nightly run fails twice a month and shops open with yesterday's stock.",
     "Databricks, Snowflake"),
    ("Month-end close", "Finance reconciles three ledgers by spreadsheet, nine working days every month.",
     "Snowflake, Azure"),
    ("Patient scheduling", "Rooms are booked in two calendars; a tenth of the appointments are moved on the day.",
     "Azure, PostgreSQL"),
]  # fmt: skip
PLACES = ["discovery call", "video call", "site visit", "e-mail", "workshop in their office", "phone call"]
NEXT_STEPS = [
    "Workshop with the plant team", "Send the security answers", "Review the POC criteria together",
    "Meeting with the buyer and our director", "Walk through the proposal", "Demo on their own data",
    "Call with their legal department", "Agree the rollout plan",
]  # fmt: skip
EVENTS = [
    "Contract with the present vendor ends", "New warehouse opens", "Audit in the spring", "Merger of both order desks",
    "Old data centre is closed",
]  # fmt: skip
COMPETITORS = ["Conduitly", "Mergeform", "Built in-house", "Pipewright", "Stitchbase"]
COMMENTS = [
    "Prefers calls before nine; the afternoons are full of stand-ups.",
    "Met at the summit. Wants to see it work with their own order data, no slides.",
    "Asked for a reference in the same industry before the next meeting.",
    "Former colleague of the buyer at one of our customers. Worth a mention.",
    "Holds the test environment; be kind to this one.",
    "Reads everything we send, answers on Fridays.",
]
RETURN_NOTES = {
    "too_early": "Collects material for a study; no project before next year.",
    "wrong_person": "Writes a thesis there and has no part in any purchase.",
    "wrong_company": "Nine people and one spreadsheet. We would be far too large for them.",
    "bad_data": "The number does not exist and the e-mail bounces.",
}
