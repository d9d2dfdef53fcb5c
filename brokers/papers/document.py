"""The document of a rate confirmation: drawn from its content alone, byte for byte the same each time."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import segno
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from brokers.papers.fonts import markup
from brokers.papers.words import (
    ACCOUNT_NOTE,
    LABELS,
    accessorial_rows,
    equipment_words,
    freight_rows,
    paid_to_words,
    window_words,
)
from foundation.trade.money import dollars

_INK, _SOFT, _LINE, _TINT = HexColor("#182433"), HexColor("#5b6775"), HexColor("#d5dbe3"), HexColor("#f3f6f9")
_MARGIN, _TOP, _FOOT = 0.75 * inch, 0.7 * inch, 0.85 * inch
_WIDTH = LETTER[0] - 2 * _MARGIN
_QR_SIZE = 0.95 * inch


def _style(name: str, size: float, leading: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name, **{"fontName": "Helvetica", "fontSize": size, "leading": leading, "textColor": _INK} | more
    )


_TEXT = _style("text", 9.5, 13)
_SMALL = _style("small", 8, 11, textColor=_SOFT)
_LABEL = _style("label", 7.5, 10, textColor=_SOFT)
_STRONG = _style("strong", 9.5, 13, fontName="Helvetica-Bold")
_TITLE = _style("title", 20, 24, fontName="Helvetica-Bold")
_HEADING = _style("heading", 10.5, 14, fontName="Helvetica-Bold", spaceBefore=14, spaceAfter=5)
_RATE = _style("rate", 20, 24, fontName="Helvetica-Bold")
_MONEY = _style("money", 9.5, 13, alignment=TA_RIGHT)


def draw(content: Mapping[str, Any]) -> bytes:
    """Return the PDF of a content, Letter size, with as many pages as it takes."""
    stream = BytesIO()
    frame = Frame(_MARGIN, _FOOT, _WIDTH, LETTER[1] - _FOOT - _TOP, 0, 0, 0, 0)
    document = BaseDocTemplate(
        stream,
        pagesize=LETTER,
        pageTemplates=[PageTemplate(frames=[frame])],
        title=f"{LABELS[content['agreement']].title} {content['number']}",
        author="Backhaul",
        subject=str(content["accepted"]["booking"]),
        creator="Backhaul",
        invariant=1,
    )
    document.build(_story(content), canvasmaker=_numbered(content))
    return stream.getvalue()


def _story(content: Mapping[str, Any]) -> list[Flowable]:
    return [
        *_head(content),
        *_parties(content),
        *_stops(content["stops"]),
        *_freight(content),
        *_money(content),
        *_words(content),
        *_close(content),
    ]


def _head(content: Mapping[str, Any]) -> list[Flowable]:
    words = LABELS[content["agreement"]]
    accepted = content["accepted"]
    offer = f", offer {accepted['offer_number']}" if accepted["offer_number"] else ", as posted"
    left = [
        Paragraph(words.title, _TITLE),
        Spacer(1, 3),
        Paragraph(f"<b>{markup(content['number'])}</b>", _TEXT),
        Paragraph(f"Booking {accepted['booking']}", _SMALL),
        Paragraph(f"Load version {accepted['load_version']}{offer}. Made {_day(content['made_at'])}.", _SMALL),
    ]
    if content["revision"] > 1:
        left.append(Paragraph(f"<b>Revision {content['revision']}: replaces every earlier one.</b>", _SMALL))
    right = [_QrCode(content["page"]), Paragraph("Check and sign", _style("qr", 7, 9, textColor=_SOFT))]
    table = Table([[left, right]], colWidths=[_WIDTH - _QR_SIZE, _QR_SIZE])
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_NO_PADDING])
    return [table, Spacer(1, 10)]


_NO_PADDING: list[tuple[Any, ...]] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 0),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
]


def _parties(content: Mapping[str, Any]) -> list[Flowable]:
    words = LABELS[content["agreement"]]
    pays = _party(words.payer, content["payer"])
    earns = _party(words.payee, content["payee"])
    rate = [
        Paragraph("ALL-IN RATE, USD", _LABEL),
        Paragraph(dollars(content["terms"]["rate_cents"]), _RATE),
        Paragraph(f"Paid within {content['terms']['payment_days']} days", _SMALL),
    ]
    table = Table([[pays, earns, rate]], colWidths=[_WIDTH * 0.36, _WIDTH * 0.36, _WIDTH * 0.28])
    table.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("BACKGROUND", (2, 0), (2, 0), _TINT),
            ("BOX", (0, 0), (-1, -1), 0.6, _LINE),
            ("INNERGRID", (0, 0), (-1, -1), 0.6, _LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 9),
            ("RIGHTPADDING", (0, 0), (-1, -1), 9),
            ("TOPPADDING", (0, 0), (-1, -1), 7),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 8),
        ]
    )
    found: list[Flowable] = [table]
    both_sides = content.get("both_sides")  # papers of the first form have none
    if both_sides:
        found += [Spacer(1, 6), Paragraph(markup(both_sides), _STRONG)]
    hauler = content["hauled_by"]
    if hauler:
        found += [Spacer(1, 6), Paragraph(f"Hauled by {markup(hauler['name'])}{_numbers(hauler)}.", _TEXT)]
    return found


def _party(label: str, party: Mapping[str, str]) -> list[Flowable]:
    lines = [markup(party[name]) for name in ("contact_name", "contact_phone", "contact_email") if party[name]]
    numbers = _numbers(party).lstrip(", ")
    return [
        Paragraph(label.upper(), _LABEL),
        Paragraph(markup(party["name"]), _STRONG),
        *([Paragraph(numbers, _SMALL)] if numbers else []),
        *[Paragraph(line, _SMALL) for line in lines],
    ]


def _numbers(party: Mapping[str, str]) -> str:
    found = [("USDOT", party["usdot_number"]), ("MC", party["mc_number"])]
    return "".join(f", {name} {number}" for name, number in found if number)


def _stops(stops: Sequence[Mapping[str, Any]]) -> list[Flowable]:
    found: list[Flowable] = [CondPageBreak(1.5 * inch), Paragraph("Stops", _HEADING)]
    for number, stop in enumerate(stops, start=1):
        place = [
            *([Paragraph(markup(stop["facility"]), _STRONG)] if stop["facility"] else []),
            *([Paragraph(markup(stop["address"]), _TEXT)] if stop["address"] else []),
            Paragraph(markup(f"{stop['city']}, {stop['state']} {stop['zip']}"), _TEXT),
        ]
        time = [Paragraph(line, _TEXT if index == 0 else _SMALL) for index, line in enumerate(window_words(stop))]
        kind = [Paragraph(f"{number}. {str(stop['kind']).capitalize()}", _STRONG)]
        table = Table([[kind, place, time]], colWidths=[_WIDTH * 0.16, _WIDTH * 0.42, _WIDTH * 0.42])
        table.setStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEABOVE", (0, 0), (-1, 0), 0.6, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        )
        found.append(KeepTogether([table]))
        if stop["instructions"]:
            found.append(Paragraph(markup(stop["instructions"]), _style("note", 9, 12, leftIndent=_WIDTH * 0.16)))
            found.append(Spacer(1, 5))
    return found


def _freight(content: Mapping[str, Any]) -> list[Flowable]:
    rows = [("Equipment", equipment_words(content["equipment"])), *freight_rows(content["freight"])]
    reference = content["references"]["reference"]
    if reference:
        rows.append(("Reference", reference))
    return [KeepTogether([Paragraph("Equipment and freight", _HEADING), _pairs(rows)])]


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    """Return label and value two abreast."""
    cells = [[Paragraph(markup(label), _SMALL), Paragraph(markup(value), _TEXT)] for label, value in rows]
    if len(cells) % 2:
        cells.append(["", ""])
    half = (len(cells) + 1) // 2
    table = Table(
        [[*cells[index], *cells[index + half]] for index in range(half)],
        colWidths=[_WIDTH * 0.13, _WIDTH * 0.37, _WIDTH * 0.13, _WIDTH * 0.37],
    )
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_NO_PADDING, ("BOTTOMPADDING", (0, 0), (-1, -1), 3)])
    return table


def _money(content: Mapping[str, Any]) -> list[Flowable]:
    terms = content["terms"]
    rate = [("Linehaul", dollars(terms["linehaul_cents"]))]
    if terms["fuel_surcharge_cents"]:
        rate.append(("Fuel surcharge", dollars(terms["fuel_surcharge_cents"])))
    rate += [("All-in rate", dollars(terms["rate_cents"])), ("Paid within", f"{terms['payment_days']} days")]
    gap = _WIDTH * 0.06
    half = (_WIDTH - gap) / 2
    pair = Table([[_sums(rate, half), "", _sums(accessorial_rows(terms), half)]], colWidths=[half, gap, half])
    pair.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), *_NO_PADDING])
    return [KeepTogether([Paragraph("Rate and terms", _HEADING), pair, *_paid_to(content)])]


def _paid_to(content: Mapping[str, Any]) -> list[Flowable]:
    """Return where the carrier is paid, where the paper says so."""
    words = paid_to_words(content)
    if not words:
        return []
    return [
        Spacer(1, 8),
        Paragraph(f"<b>Paid to:</b> {markup(words)}", _TEXT),
        Paragraph(markup(ACCOUNT_NOTE), _SMALL),
    ]


def _sums(rows: Sequence[tuple[str, str]], width: float) -> Table:
    """Return labels with their figures to the right; the all-in rate stands out."""
    cells = [
        [Paragraph(markup(label), _STRONG if label == "All-in rate" else _TEXT), Paragraph(markup(value), _MONEY)]
        for label, value in rows
    ]
    table = Table(cells, colWidths=[width * 0.68, width * 0.32])
    table.setStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("RIGHTPADDING", (1, 0), (1, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 3),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
        ]
    )
    return table


def _words(content: Mapping[str, Any]) -> list[Flowable]:
    """Return the long texts, which flow over as many pages as they take."""
    found: list[Flowable] = []
    texts = [
        ("Agreed between the parties", content["terms"]["notes"]),
        ("Instructions", content["instructions"]),
        ("About the load", content["notes"]),
    ]
    for heading, text in texts:
        if text.strip():
            found += [CondPageBreak(0.9 * inch), Paragraph(heading, _HEADING), Paragraph(markup(text.strip()), _TEXT)]
    return found


def _close(content: Mapping[str, Any]) -> list[Flowable]:
    said = (
        "Both parties accepted these terms on Backhaul before this document was made from them. They change only by "
        "an amendment that both accept, which makes a new revision. Sign it by a click, or check that a copy is "
        f"unchanged, on its page: {content['page']}"
    )
    return [Spacer(1, 14), KeepTogether([Paragraph(markup(said), _SMALL)])]


def _day(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]} UTC"


class _QrCode(Flowable):  # type: ignore[misc]
    """The QR code of an address, drawn as squares."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.rows = [bytes(row) for row in segno.make(address, error="m", micro=False).matrix]
        self.width = self.height = _QR_SIZE

    def draw(self) -> None:
        """Draw the dark squares, merged along each row."""
        size = _QR_SIZE / len(self.rows)
        self.canv.setFillColor(_INK)
        for index, row in enumerate(self.rows):
            column = 0
            while column < len(row):
                start = column
                while column < len(row) and row[column]:
                    column += 1
                if column > start:
                    top = _QR_SIZE - (index + 1) * size
                    self.canv.rect(start * size, top, (column - start) * size, size, stroke=0, fill=1)
                column += 1


def _numbered(content: Mapping[str, Any]) -> type[Canvas]:
    """Return a canvas that writes the number, and which page of how many, below each page."""

    class Numbered(Canvas):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 - reportlab's name
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for number, page in enumerate(self._pages, start=1):
                self.__dict__.update(page)
                self.setFont("Helvetica", 7.5)
                self.setFillColor(_SOFT)
                self.drawString(_MARGIN, 0.5 * inch, f"{content['number']} · booking {content['accepted']['booking']}")
                self.drawRightString(LETTER[0] - _MARGIN, 0.5 * inch, f"Page {number} of {len(self._pages)}")
                super().showPage()
            super().save()

    return Numbered
