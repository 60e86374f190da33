"""For every service that Apprise reaches for us: a URL as it wants it, and the hosts that it may speak to."""

KEY = "a1B2" * 8
FROM, TO = "+15551234567", "+15557654321"
MAIL = f"{KEY}:alerts@example.org/ops@example.org"
ROOM = "r0Om" * 20
SMS = f"{'a' * 32}:{'b' * 32}@{FROM}/{TO}"

URLS = {
    "46elks": (f"46elks://user:passw0rd@{FROM}/{TO}", {"api.46elks.com"}),
    "brevo": (f"brevo://{MAIL}", {"api.brevo.com"}),
    "bulksms": (f"bulksms://user:passw0rd@{TO}", {"api.bulksms.com"}),
    "flock": ("flock://12345678-1234-1234-1234-123456789012", {"api.flock.com", "api.flock.co"}),
    "gchat": (f"gchat://space/{KEY}/{KEY}", {"chat.googleapis.com"}),
    "ifttt": (f"ifttt://{KEY}@down", {"maker.ifttt.com"}),
    "line": (f"line://{KEY}/U123456", {"api.line.me"}),
    "mailgun": (
        f"mailgun://alerts@example.org/{KEY}/ops@example.org",
        {"api.mailgun.net", "api.eu.mailgun.net"},
    ),
    "msgbird": (f"msgbird://{'a' * 25}/{FROM}/{TO}", {"rest.messagebird.com"}),
    "pbul": (f"pbul://{KEY}", {"api.pushbullet.com"}),
    "postmark": (f"postmark://{MAIL}", {"api.postmarkapp.com"}),
    "pover": (f"pover://{'u' * 30}@{'a' * 30}", {"api.pushover.net"}),
    "prowl": (f"prowl://{'a' * 40}", {"api.prowlapp.com"}),
    "resend": (f"resend://{MAIL}", {"api.resend.com"}),
    "sendgrid": (f"sendgrid://{MAIL}", {"api.sendgrid.com"}),
    "sinch": (f"sinch://{SMS}", {"us.sms.api.sinch.com", "eu.sms.api.sinch.com"}),
    "telnyx": (f"telnyx://{KEY}@{FROM}/{TO}", {"api.telnyx.com"}),
    "threema": (f"threema://*GATEWAY@{KEY}/{TO}", {"msgapi.threema.ch"}),
    "twilio": (f"twilio://AC{SMS}", {"api.twilio.com"}),
    "viber": (f"viber://{KEY}/{KEY}", {"chatapi.viber.com"}),
    "webex": (f"webex://{ROOM}", {"api.ciscospark.com", "webexapis.com"}),
    "whatsapp": (f"whatsapp://{KEY}@12345678901234/{TO}", {"graph.facebook.com"}),
    "wxteams": (f"wxteams://{ROOM}", {"api.ciscospark.com", "webexapis.com"}),
    "zoom": (f"zoom://{KEY}/{KEY}", {"inbots.zoom.us"}),
}
