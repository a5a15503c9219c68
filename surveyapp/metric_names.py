"""What the metrics are called."""

from collections.abc import Callable, Mapping

from surveyapp.core.scales import Metric
from surveyapp.i18n import Language


def metric_name(tongue: Language, metric: Metric) -> str:
    """Its name alone, without the direction in which it is better."""
    return _NAMES[metric](tongue)


_NAMES: Mapping[Metric, Callable[[Language], str]] = {
    # i18n: Name of a metric
    Metric.NPS: lambda tongue: tongue.gettext("Willingness to recommend (NPS)"),
    # i18n: Name of a metric
    Metric.CSAT: lambda tongue: tongue.gettext("Customer satisfaction (CSAT)"),
    # i18n: Name of a metric
    Metric.CES: lambda tongue: tongue.gettext("Customer effort (CES)"),
    # i18n: Name of a metric
    Metric.CES_EASE: lambda tongue: tongue.gettext("Ease (CES 2.0)"),
    # i18n: Name of a metric
    Metric.NKI: lambda tongue: tongue.gettext("Customer satisfaction index (NKI)"),
    # i18n: Name of a metric: the share of those whose issue was solved
    Metric.SOLVED: lambda tongue: tongue.gettext("Issues solved"),
    # i18n: Name of a metric: how polite and attentive we were to the customer
    Metric.TREATMENT: lambda tongue: tongue.gettext("How well we treated customers"),
    # i18n: Name of a metric: how competent we seemed to the customer
    Metric.COMPETENCE: lambda tongue: tongue.gettext("How competent we seemed"),
    # i18n: Name of a metric
    Metric.OPEN: lambda tongue: tongue.gettext("Open comment"),
}
