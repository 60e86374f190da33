"""What is said for each reason: the words that programs compare, the colours, and the sentences."""

from chalicelib.core.alerts import Reason

RED, AMBER, GREEN, SLATE = "#b42318", "#b54708", "#157347", "#475467"

EVENTS = {
    Reason.WENT_DOWN: "check.down",
    Reason.RECOVERED: "check.up",
    Reason.WAS_DOWN: "check.up",
    Reason.STILL_DOWN: "check.still_down",
    Reason.CALLED_OFF: "check.paused",
    Reason.ESCALATED: "check.escalated",
    Reason.SLOWED: "check.slow",
    Reason.SPED_UP: "check.fast",
    Reason.SLA_MISSED: "sla.missed",
    Reason.EXPIRING: "domain.expiring",
    Reason.RENEWED: "domain.renewed",
    Reason.TRIGGERED: "incident.triggered",
    Reason.ACKNOWLEDGED: "incident.acknowledged",
    Reason.RESOLVED: "incident.resolved",
    Reason.DIGEST: "digest.weekly",
    Reason.CHANNEL_BROKE: "channel.broke",
    Reason.TEST: "test",
}

# Red asks for somebody at once, amber can wait until the morning.
COLOURS = {
    Reason.WENT_DOWN: RED,
    Reason.RECOVERED: GREEN,
    Reason.WAS_DOWN: GREEN,
    Reason.STILL_DOWN: RED,
    Reason.CALLED_OFF: SLATE,
    Reason.ESCALATED: RED,
    Reason.SLOWED: AMBER,
    Reason.SPED_UP: GREEN,
    Reason.SLA_MISSED: AMBER,
    Reason.EXPIRING: AMBER,
    Reason.RENEWED: GREEN,
    Reason.TRIGGERED: RED,
    Reason.ACKNOWLEDGED: SLATE,
    Reason.RESOLVED: GREEN,
    Reason.DIGEST: SLATE,
    Reason.CHANNEL_BROKE: RED,
    Reason.TEST: SLATE,
}

# What is said where nobody knows how long it lasted, and where that is known.
Pair = tuple[str, str]
Sentences = dict[Reason, Pair]


def _always(sentence: str) -> Pair:
    return sentence, sentence


SUBJECTS: Sentences = {
    Reason.WENT_DOWN: _always("Down: {name}"),
    Reason.RECOVERED: ("Up: {name}", "Up: {name} (was down {lasted})"),
    Reason.WAS_DOWN: ("Was down: {name}", "Was down: {name} ({lasted})"),
    Reason.STILL_DOWN: ("Still down: {name}", "Still down: {name} (for {lasted})"),
    Reason.CALLED_OFF: ("Paused: {name}", "Paused: {name} (was down {lasted})"),
    Reason.ESCALATED: ("Not taken on: {incident}", "Not taken on: {incident} (for {lasted})"),
    Reason.SLOWED: _always("Slow: {name}"),
    Reason.SPED_UP: ("No longer slow: {name}", "No longer slow: {name} (was slow {lasted})"),
    Reason.SLA_MISSED: _always("Service level missed: {name}"),
    Reason.EXPIRING: _always("Domain expires {left}: {domain}"),
    Reason.RENEWED: _always("No longer expiring: {domain}"),
    Reason.TRIGGERED: _always("Incident: {incident}"),
    Reason.ACKNOWLEDGED: _always("Taken on: {incident}"),
    Reason.RESOLVED: ("Resolved: {incident}", "Resolved: {incident} (after {lasted})"),
    Reason.DIGEST: _always("The week of {project}"),
    Reason.CHANNEL_BROKE: _always("Channel not working: {name}"),
    Reason.TEST: _always("Test alert from Wakeful"),
}

HEADLINES: Sentences = {
    Reason.WENT_DOWN: _always("{name} is down."),
    Reason.RECOVERED: ("{name} is up again.", "{name} is up again; it was down for {lasted}."),
    Reason.WAS_DOWN: ("{name} was down.", "{name} was down for {lasted}, and is up again."),
    Reason.STILL_DOWN: ("{name} is still down.", "{name} is still down, for {lasted} now."),
    Reason.CALLED_OFF: (
        "{name} was paused while it was down.",
        "{name} was paused; it had been down for {lasted}.",
    ),
    Reason.ESCALATED: (
        "Nobody has taken it on: {incident}.",
        "Nobody has taken it on for {lasted}: {incident}.",
    ),
    Reason.SLOWED: _always("{name} is slow."),
    Reason.SPED_UP: ("{name} is no longer slow.", "{name} is no longer slow; it had been for {lasted}."),
    Reason.SLA_MISSED: _always("{name} has missed its service level{target}."),
    Reason.EXPIRING: _always("The domain {domain} expires {left}."),
    Reason.RENEWED: _always("The warning about the domain {domain} is over."),
    Reason.TRIGGERED: _always("An incident was opened: {incident}."),
    Reason.ACKNOWLEDGED: _always("{who} has taken it on: {incident}."),
    Reason.RESOLVED: ("It is resolved: {incident}.", "It is resolved after {lasted}: {incident}."),
    Reason.DIGEST: _always("This was the week of {project}."),
    Reason.CHANNEL_BROKE: _always("The channel {name} does not work any more."),
    Reason.TEST: _always("This is a test: alerts of {project} will reach you here."),
}

# Of a reminder that is about no outage: its subject and its headline.
STILL_OPEN: tuple[Pair, Pair] = (
    ("Still open: {incident}", "Still open: {incident} (for {lasted})"),
    ("It is still open: {incident}.", "It is still open, for {lasted} now: {incident}."),
)
