"""What somebody does in a helpdesk to connect it, step by step; the menus' names are the English ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from surveyapp.config import Settings
from surveyapp.connecting.triggers import TRIGGERS
from surveyapp.i18n import Language
from surveyapp.models import Hook
from surveyapp.sources.signing import SECRET_HEADER

Step = Callable[[Language], str]


@dataclass(frozen=True, slots=True)
class Guide:
    """What is copied from the page into the helpdesk, and where it goes."""

    url: str
    secret: str
    """One or several, one to a line; "": not connected yet."""
    is_secret_theirs: bool
    """The helpdesk makes the secret and shows it: it is typed in here, not copied from here."""
    steps: list[str]
    trigger: str
    """The text to paste; "": there is nothing to paste."""


def guide(source: str, hook: Hook | None, settings: Settings, tongue: Language) -> Guide:
    """For one of `sources.SOURCES`; without a hook as it will be under the source's own name."""
    name = hook.name if hook else source
    return Guide(
        url=f"{settings.public_url}/hooks/{name}",
        secret=hook.secret if hook else "",
        is_secret_theirs=source in _THEIR_SECRET,
        steps=[step(tongue) for step in (*_STEPS[source], _try_it)],
        trigger=TRIGGERS[source],
    )


def _open(menu: str, helpdesk: str) -> Step:
    # i18n: A step of connecting a helpdesk. {menu}: Manage → Webhook → New, {helpdesk}: Zammad
    return lambda tongue: tongue.gettext("Open {menu} in {helpdesk}.", menu=menu, helpdesk=helpdesk)


def _open_then(menu: str) -> Step:
    # i18n: A step of connecting a helpdesk. {menu}: Manage → Trigger → New
    return lambda tongue: tongue.gettext("Then open {menu}.", menu=menu)


def _address(field: str) -> Step:
    # i18n: A step of connecting a helpdesk. {field}: Endpoint
    return lambda tongue: tongue.gettext(
        "Put the address from this page into the field {field}.", field=field
    )


def _secret(field: str) -> Step:
    # i18n: A step of connecting a helpdesk. {field}: HMAC SHA1 Signature Token
    return lambda tongue: tongue.gettext("Put the secret from this page into the field {field}.", field=field)


def _their_secret(field: str, helpdesk: str) -> Step:
    # i18n: A step of connecting a helpdesk; here is this page. {helpdesk}: Zendesk, {field}: Reveal secret
    return lambda tongue: tongue.gettext(
        "Copy the secret that {helpdesk} shows under {field}, and save it here.",
        helpdesk=helpdesk,
        field=field,
    )


def _header(name: str) -> Step:
    # i18n: A step of connecting a helpdesk: a header of an HTTP request. {name}: X-Surveyapp-Secret
    return lambda tongue: tongue.gettext(
        "Add a header named {name} whose value is the secret from this page.", name=name
    )


def _set(field: str, value: str) -> Step:
    # i18n: A step of connecting a helpdesk. {field}: Condition, {value}: State has changed
    return lambda tongue: tongue.gettext("Set {field} to {value}.", field=field, value=value)


def _keep(field: str) -> Step:
    # i18n: A step of connecting a helpdesk. {field}: Payload
    return lambda tongue: tongue.gettext("Leave the field {field} as it is.", field=field)


def _paste(field: str) -> Step:
    # i18n: A step of connecting a helpdesk. {field}: JSON body
    return lambda tongue: tongue.gettext("Put the text from this page into the field {field}.", field=field)


def _placeholders(tongue: Language) -> str:
    # i18n: A step of connecting a helpdesk; a placeholder is for example {{ticket.id}}
    return tongue.gettext("Compare the placeholders in the text with those in your editor's menu.")


def _again(condition: str, word: str) -> Step:
    # i18n: A step of connecting a helpdesk: another rule of its own kind, for tickets that were opened again.
    # i18n: {condition}: Status changed from Solved, {new}: "event": "reopened", {old}: "event": "solved"
    return lambda tongue: tongue.gettext(
        "Make another rule like it for {condition}, with {new} instead of {old} in the text.",
        condition=condition,
        new=f'"event": "{word}"',
        old='"event": "solved"',
    )


def _without_tag(tag: str) -> Step:
    # i18n: A step of connecting a helpdesk. {tag}: spam
    return lambda tongue: tongue.gettext("Leave out tickets with the tag {tag}.", tag=tag)


def _second_webhook(events: str) -> Step:
    # i18n: A step of connecting a helpdesk. {events}: Zendesk events
    return lambda tongue: tongue.gettext(
        "To hear of merged, spam and deleted tickets too, make another webhook for {events} at the same "
        "address, and add its secret here on a line of its own.",
        events=events,
    )


def _post(tongue: Language) -> str:
    # i18n: A step of connecting a program of one's own; POST is HTTP's word
    return tongue.gettext("Let your program send the text from this page, filled in, to the address by POST.")


def _sign(tongue: Language) -> str:
    # i18n: A step of connecting a program of one's own; Standard Webhooks is the name of a standard
    return tongue.gettext("Sign each message with the secret as Standard Webhooks 1.0 says.")


def _words(field: str, words: str) -> Step:
    # i18n: A step of connecting a program of one's own. {field}: event, {words}: solved, reopened, merged
    return lambda tongue: tongue.gettext(
        "The field {field} says what happened with one of these words: {words}.", field=field, words=words
    )


def _try_it(tongue: Language) -> str:
    # i18n: The last step of connecting a helpdesk; below is a table of the events that came
    return tongue.gettext("Save, solve a ticket of your own, and see below what arrived.")


def _freshworks(product: str, menu: str) -> Sequence[Step]:
    """Both products of one vendor."""
    return (
        _open(menu, product),
        _set("Event", "Status is changed to Resolved"),
        _set("Action", "Trigger webhook"),
        _set("Request type", "POST"),
        _address("URL"),
        _header(_SECRET_HEADER),
        _set("Encoding", "JSON"),
        _set("Content", "Advanced"),
        _paste("Content"),
        _placeholders,
        _again("Status is changed from Resolved to Open", "reopened"),
    )


_SECRET_HEADER = "-".join(word.capitalize() for word in SECRET_HEADER.split("-"))
_WORDS = "solved, reopened, merged, spam, deleted"
_THEIR_SECRET = frozenset({"zendesk", "chatwoot"})
_STEPS: Mapping[str, Sequence[Step]] = {
    "zammad": (
        _open("Manage → Webhook → New", "Zammad"),
        _address("Endpoint"),
        _secret("HMAC SHA1 Signature Token"),
        _keep("Custom Payload"),
        _open_then("Manage → Trigger → New"),
        _set("Activated by", "Action"),
        _set("Conditions", "State has changed"),
        _without_tag("spam"),
        _set("Execute", "Webhook"),
    ),
    "zendesk": (
        _open("Admin Center → Apps and integrations → Webhooks → Create webhook", "Zendesk"),
        _set("Connection method", "Trigger or automation"),
        _address("Endpoint URL"),
        _set("Request method", "POST"),
        _set("Request format", "JSON"),
        _their_secret("Reveal secret", "Zendesk"),
        _open_then("Objects and rules → Triggers → Create trigger"),
        _set("Conditions", "Status changed to Solved"),
        _without_tag("closed_by_merge"),
        _set("Actions", "Notify active webhook"),
        _paste("JSON body"),
        _again("Status changed from Solved, Status less than Solved", "reopened"),
        _second_webhook("Zendesk events"),
    ),
    "freshdesk": _freshworks("Freshdesk", "Admin → Workflows → Automations → Ticket Updates → New rule"),
    "freshservice": _freshworks("Freshservice", "Admin → Workflow Automator → New automator → Ticket"),
    "chatwoot": (
        _open("Settings → Integrations → Webhooks → Add new webhook", "Chatwoot"),
        _address("Webhook URL"),
        _set("Events", "Conversation status changed, Conversation updated"),
        _their_secret("Secret", "Chatwoot"),
    ),
    "generic": (_post, _header(_SECRET_HEADER), _words("event", _WORDS)),
    "standard": (_post, _sign, _words("type", _WORDS)),
}
