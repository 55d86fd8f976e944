from slimlm.documents.readers.tables import join_headers, linearize, looks_like_header, value_kind


def test_pairs_of_header_and_value() -> None:
    rows = [["Rent", "£900", ""], ["Deposit", "£1,035", "refundable"]]
    assert linearize(rows, ["Item", "Amount:", "Note"]) == [
        "Item: Rent; Amount: £900",
        "Item: Deposit; Amount: £1,035; Note: refundable",
    ]


def test_unnamed_columns_group_titles_and_repeated_headers() -> None:
    rows = [["Assets", "", ""], ["Cash", "10", "12"], ["", "2022", "2023"], ["", "", ""]]
    assert linearize(rows, ["", "2022", "2023"]) == ["Assets", "Cash; 2022: 10; 2023: 12"]


def test_labels_and_values_without_header() -> None:
    assert linearize([["Tenant:", "Ada Lind"], ["Start", "1 May 2024"]]) == ["Tenant: Ada Lind", "Start: 1 May 2024"]
    assert linearize([["Name:", "Ada", "Date:", "1 May"]]) == ["Name: Ada; Date: 1 May"]


def test_plain_columns_without_header() -> None:
    assert linearize([["a", "b", "c"], ["d", " ", "e\nf"]]) == ["a; b; c", "d; e f"]
    assert linearize([["1", "2"], ["3", "4"]]) == ["1; 2", "3; 4"]


def test_joined_headers() -> None:
    assert join_headers([["", "2023", "", "2024", ""], ["Item", "Q1", "Q2", "Q1", "Q2"]]) == [
        "Item",
        "2023 Q1",
        "2023 Q2",
        "2024 Q1",
        "2024 Q2",
    ]
    assert join_headers([]) == []


def test_header_by_look() -> None:
    assert looks_like_header([["Month", "Sales"], ["Jan", "1"], ["Feb", "2"], ["Mar", "3"]])
    assert looks_like_header([["Region", "2022", "2023"], ["North", "5", "6"]])
    assert looks_like_header(
        [["Role", "Duty", "Name"], ["Treasurer of the club", "keeps the books", "Ada Lind"]] * 1
        + [["Secretary of the club", "writes the minutes", "Bo Ek"]]
    )
    assert not looks_like_header([["Tenant", "Ada"], ["Rent", "£900"], ["Start", "1 May 2024"]])
    assert not looks_like_header([["1", "2"], ["3", "4"]])
    assert looks_like_header([["Tenant", "Ada"], ["Landlord", "Bo"]], marked=True)


def test_value_kinds() -> None:
    kinds = {
        "": "", "12": "number", "-1,200.50": "number", "(300)": "number", "£ 1.035,00": "number", "12 %": "number",
        "EUR 5": "number", "5 kg": "number", "2024": "year", "2024-05-01": "date", "1 May 2024": "date",
        "12.05.2024": "date", "Room 5": "text", "n/a": "text",
    }  # fmt: skip
    assert {text: value_kind(text) for text in kinds} == kinds
