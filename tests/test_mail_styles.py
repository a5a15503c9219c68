"""A template keeps its own statements while it is made fit for mail programs."""

from surveyapp.i18n import language
from surveyapp.mail_styles import inlined

SOURCE = """{# a comment #}
<html><head><style>.cell { color: #123456; }</style></head><body>
<table>
  <tbody>
    {% for word in words %}
      <tr><td class="cell" title="{{ word | upper }}">{{ word }} &amp; {{ _("Hello,") }}</td></tr>
    {% endfor %}
  </tbody>
</table>
<b>1</b>
<!--[if mso]><td><![endif]-->
<b>2</b>
</body></html>
"""


def test_a_loop_stays_within_its_table() -> None:
    html = inlined(SOURCE)
    table, end = html.index("<table"), html.index("</table>")
    assert table < html.index("{% for word in words %}") < html.index("<tr>")
    assert html.index("</tr>") < html.index("{% endfor %}") < end


def test_what_is_rendered_has_its_styles_and_is_escaped() -> None:
    page = language("en").environment.from_string(inlined(SOURCE)).render(words=["<a>", 'b"'])
    assert page.count('style="color: #123456') == 2
    assert 'title="&lt;A&gt;"' in page
    assert 'title="B&#34;"' in page
    assert "&lt;a&gt; &amp; Hello," in page


def test_every_table_is_one_of_layout() -> None:
    assert '<table role="presentation" cellpadding="0" cellspacing="0" border="0">' in inlined(SOURCE)


def test_comments_of_the_template_and_indents_are_left_behind() -> None:
    html = inlined(SOURCE)
    assert "a comment" not in html
    assert "\n " not in html


def test_comments_for_outlook_keep_nothing_apart() -> None:
    assert "<b>1</b><!--[if mso]><td><![endif]--><b>2</b>" in inlined(SOURCE)
