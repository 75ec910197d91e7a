"""Pages in fewer bytes: what a template writes for its reader and HTML lets a page leave out.

A browser makes the same document of both. Rules are those of the HTML standard for optional tags and unquoted values.
"""

import re

_BLOCKS = (
    "html|head|meta|link|title|style|body|header|main|footer|nav|section|div|h1|h2|h3|p|ul|li|figure|figcaption|"
    "details|summary|table|caption|thead|tbody|tr|th|td|svg|g|path|circle"
)
_BLANK = re.compile(r"\s+")
_AROUND = re.compile(rf" ?(</?(?:{_BLOCKS})(?: [^<>]*)?>) ?")
_OPTIONAL = re.compile(r"</(?:li|tr|th|td|tbody)>|</thead>(?=<tbody)|</caption>(?=<thead)")
_PARAGRAPH = re.compile(
    r"</p>(?=<(?:p|div|ul|figure|section|h[1-3]|nav|details|main)\b|</(?:section|div|footer|figure|main|body)>)"
)
_QUOTED = re.compile(r'="([^\s"\'=<>`]*[^\s"\'=<>`/])"(?=>| [^<>]*>)')
"""An attribute that needs no quotes; what looks like one in a text is followed by a tag, not by the end of one."""


def slim(page: str, /) -> str:
    """The page without blanks between its blocks, end tags that follow from what comes next, and needless quotes.

    A picture in a page needs no namespace either.

    >>> slim('<ul class="two words">\\n<li id="a">It&#39;s  <b>x="1" y</b> thing</li>\\n</ul>')
    '<ul class="two words"><li id=a>It\\'s <b>x="1" y</b> thing</ul>'
    """
    page = page.replace(' xmlns="http://www.w3.org/2000/svg"', "")
    page = _AROUND.sub(r"\1", _BLANK.sub(" ", page)).replace("&#39;", "'")
    page = _PARAGRAPH.sub("", _OPTIONAL.sub("", page))
    return _QUOTED.sub(r"=\1", page)
