"""A template keeps its own statements while its styles move into its elements."""

from surveyapp.i18n import language
from surveyapp.mail_styles import inlined

SOURCE = """{# a comment #}
<html><head><style>.cell { color: #123456; }</style></head><body>
<table><tbody>
{% for word in words %}
<tr><td class="cell" title="{{ word | upper }}">{{ word }} &amp; {{ _("Hello,") }}</td></tr>
{% endfor %}
</tbody></table>
</body></html>
"""


def test_a_loop_stays_within_its_table() -> None:
    html = inlined(SOURCE)
    table, end = html.index("<table>"), html.index("</table>")
    assert table < html.index("{% for word in words %}") < html.index("<tr>")
    assert html.index("</tr>") < html.index("{% endfor %}") < end


def test_what_is_rendered_has_its_styles_and_is_escaped() -> None:
    page = language("en").environment.from_string(inlined(SOURCE)).render(words=["<a>", 'b"'])
    assert page.count('style="color: #123456') == 2
    assert 'title="&lt;A&gt;"' in page
    assert 'title="B&#34;"' in page
    assert "&lt;a&gt; &amp; Hello," in page


def test_comments_of_the_template_are_left_behind() -> None:
    assert "comment" not in inlined(SOURCE)
