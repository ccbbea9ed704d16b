"""The questions on a company's technical environment that an installation begins with."""

from deals.models import EnvironmentQuestion, EnvironmentTopic

BANK = {
    "Systems": [
        ("Which systems does the solution have to work with on the first day?", "Names, versions, and who owns each."),
        ("Which of them are written by yourselves, and who can still change them?", "One person is a risk."),
        ("What does the solution replace, and when does that contract end?", "A date that moves the deal."),
        ("Which systems are about to change or to be switched off within a year?", ""),
        ("Where do your people live during the day: which screens, which chat?", "Where we have to show up."),
    ],
    "Data and databases": [
        ("Which databases and data warehouses do you run, in which versions?", "Managed or their own."),
        ("How much data is there, and how fast does it grow?", "Rows, gigabytes, peaks at month end."),
        ("How current does the data have to be?", "Seconds, minutes or over night: ask what it costs if late."),
        ("Who owns the quality of the data, and what is known to be wrong with it?", ""),
        ("What has to be migrated, and how far back?", "Also who checks that it arrived."),
    ],
    "Integration": [
        ("How do systems talk to each other today?", "Files, queues, an integration platform, by hand."),
        ("Which interfaces may we use, and who grants access?", "REST, events, database links, SFTP."),
        ("Are there gateways, rate limits or maintenance windows in the way?", ""),
        ("What happens today when a transfer fails, and who notices?", "The pain is often here."),
    ],
    "Deployment and operations": [
        ("Where may it run: our cloud, your cloud account, or your own machines?", "Which cloud, which regions."),
        ("Which environments do you need besides production?", "Test, staging, training."),
        ("Which availability do you expect, and how is it measured?", ""),
        ("How do changes get into production with you, and how often?", "Change boards, freezes."),
        ("Who runs it once it is live, and what do they watch it with?", "Monitoring, logs, on call."),
        ("Which recovery time and recovery point do you have to keep?", ""),
    ],
    "Identity and access": [
        ("Which identity provider do people sign in with?", "OpenID Connect or SAML, and who sets it up."),
        ("How do accounts come and go: by hand, or by provisioning?", "SCIM, groups, leavers."),
        ("How are roles and rights cut: by team, site, field of a record?", ""),
        ("Is a second factor required, and for whom?", ""),
    ],
    "Security": [
        ("Who has to approve a new vendor, and what do they want to see?", "Questionnaire, reports, a call."),
        ("How must data be encrypted, and who holds the keys?", "At rest, in transit, their own keys."),
        ("Which network rules apply?", "Private links, allow lists, no inbound traffic."),
        ("Do you want to test our security yourselves?", "When, and under which conditions."),
        ("Which events have to be logged, for how long, and where do the logs go?", "Their SIEM."),
    ],
    "Compliance and data protection": [
        ("Which standards or regulators do you answer to?", "ISO 27001, SOC 2, GDPR, HIPAA, PCI, their sector's."),
        ("In which countries may data be stored and processed?", ""),
        ("Which personal data is in it, and how long may it be kept?", "Deletion, works council, consent."),
        ("Which contracts on data processing have to be signed, and by whom?", "Lead time is weeks."),
    ],
    "People and scale": [
        ("How many people will use it, where, and in which languages?", ""),
        ("What is the busiest hour, and what happens in it?", "Users at once, transactions."),
        ("Which devices and browsers do they use, also in the field?", "Offline, scanners, old machines."),
        ("Who of yours will administer it, and what do they know already?", "Training."),
    ],
}


def seed() -> None:
    """Add the questions, if there are none yet."""
    if EnvironmentTopic.objects.exists():
        return
    for place, (name, questions) in enumerate(BANK.items()):
        topic = EnvironmentTopic.objects.create(name=name, order=place)
        EnvironmentQuestion.objects.bulk_create(
            EnvironmentQuestion(topic=topic, text=text, hint=hint, order=order)
            for order, (text, hint) in enumerate(questions)
        )
