"""What the tests of pages look at: start tags with their attributes, tables, and tags left open or closed wrongly."""

from html.parser import HTMLParser

_CELLS = {"td", "th"}


class Outline(HTMLParser):
    VOID = frozenset({"meta", "link", "br"})
    CDATA_CONTENT_ELEMENTS = ("script", "style", "title")

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.wrong, self.tables = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in _CELLS:
            self.tables[-1][-1].append([tag, dict(attrs), ""])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if _CELLS & set(self.open):
            self.tables[-1][-1][-1][-1] += data

    @property
    def links(self):
        return [v for _, a in self.tags for k, v in a.items() if k in ("src", "href", "xlink:href", "action", "data")]

    def rows(self, caption_of):
        """Cells' texts of the table whose id this is, without its headings."""
        ids = [a.get("id") for tag, a in self.tags if tag == "caption"]
        return [[text for _, _, text in row] for row in self.tables[ids.index(caption_of)][1:]]
