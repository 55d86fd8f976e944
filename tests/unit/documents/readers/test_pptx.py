from __future__ import annotations

import io

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from conftest import Read, Shown


def test_slides(read: Read, shown: Shown) -> None:
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = "Moving house"
    first.placeholders[1].text = "January 2025"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Costs"
    for text, left, top in (("right", 6, 2), ("left", 1, 2.05), ("below", 1, 5)):
        second.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(0.5)).text_frame.text = text
    grid = second.shapes.add_table(3, 2, Inches(1), Inches(3), Inches(6), Inches(1)).table
    for i, text in enumerate(("Item", "Price", "Van", "€90", "Boxes", "€15")):
        grid.cell(i // 2, i % 2).text = text
    second.notes_slide.notes_text_frame.text = "Mention the van.\nAnd the boxes."
    third = deck.slides.add_slide(deck.slide_layouts[1])
    third.shapes.title.text = "Sales"
    third.placeholders[1].text = "up"
    third.placeholders[1].text_frame.add_paragraph().text = "deeper"
    third.placeholders[1].text_frame.paragraphs[1].level = 1
    data = CategoryChartData()
    data.categories = ["2023", "2024"]
    data.add_series("North", (1.5, 0.1 + 0.2))
    data.add_series("South", (3, 4))
    chart = third.shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(4), Inches(4), Inches(2), data
    ).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Sales by region"
    third._element.set("show", "0")
    group = first.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(3), Inches(6.5), Inches(1), Inches(1)).text_frame.text = "g2"
    group.shapes.add_textbox(Inches(1), Inches(6.5), Inches(1), Inches(1)).text_frame.text = "g1"
    deck.slides.add_slide(deck.slide_layouts[6])
    file = io.BytesIO()
    deck.save(file)

    document = read(file.getvalue(), "pptx")
    assert document.title == "Moving house"
    assert [(page.kind, page.label) for page in document.pages] == [("slide", f"Slide {i}") for i in (1, 2, 3, 4)]
    assert document.pages[0].width == 720
    assert document.pages[3].text_source == "none"
    assert [notice.code for notice in document.notices] == ["hidden_slides"]
    assert shown(document) == [
        "heading1: Moving house",
        "paragraph: January 2025",
        "paragraph: g1",
        "paragraph: g2",
        "heading1: Costs",
        "paragraph: left",
        "paragraph: right",
        "table_row: Item: Van; Price: €90",
        "table_row: Item: Boxes; Price: €15",
        "paragraph: below",
        "paragraph: Notes: Mention the van.",
        "paragraph: And the boxes.",
        "heading1: Sales",
        "list_item1: up",
        "list_item2: deeper",
        "caption: Sales by region",
        "table_row: 2023; North: 1.5; South: 3",
        "table_row: 2024; North: 0.3; South: 4",
    ]
