"""What the tests of pages look at: start tags with their attributes, and tags left open or closed wrongly."""

from html.parser import HTMLParser


class Outline(HTMLParser):
    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.wrong = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    @property
    def links(self):
        return [v for _, a in self.tags for k, v in a.items() if k in ("src", "href", "xlink:href", "action", "data")]
