// SPDX-License-Identifier: Apache-2.0

/// Rows in aligned columns. Numbers stand to the right.
struct Table {
    private let columns: [String]
    private let hasTitles: Bool
    private var rows: [[String]] = []

    init(columns: [String], hasTitles: Bool = true) {
        self.columns = columns
        self.hasTitles = hasTitles
    }

    /// Adds a row; missing cells are empty, cells too many are left out.
    mutating func add(_ cells: [String]) {
        self.rows.append(
            self.columns.indices.map { $0 < cells.count ? Self.printable(cells[$0]) : "" })
    }

    var isEmpty: Bool { self.rows.isEmpty }

    /// Lines without a last line end.
    var text: String {
        let lines = (self.hasTitles ? [self.columns] : []) + self.rows
        let widths = self.columns.indices.map { column in
            lines.map { Self.width($0[column]) }.max() ?? 0
        }
        let isNumeric = self.columns.indices.map { column in
            !self.rows.isEmpty && self.rows.allSatisfy { Self.isNumber($0[column]) }
        }
        return lines.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - Self.width(cell))
                if column > 0 { text += "  " }
                text += isNumeric[column] ? padding + cell : cell + padding
            }
            while text.last == " " { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }

    /// Columns of a terminal that a cell takes: marks that combine take none.
    private static func width(_ cell: String) -> Int { cell.count }

    private static func isNumber(_ cell: String) -> Bool {
        cell.isEmpty || cell == "-"
            || (cell.utf8.contains { (0x30...0x39).contains($0) }
                && cell.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2e || $0 == 0x2d })
    }

    /// What came from the network must not steer the terminal.
    static func printable(_ cell: String) -> String {
        String(
            String.UnicodeScalarView(
                cell.unicodeScalars.map {
                    $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) ? "\u{fffd}" : $0
                }))
    }
}
